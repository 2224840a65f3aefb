// A line over time, with the compared range behind it; the same as a table for who cannot see it.
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { go, hrefOf, useAddress } from "../address";
import { bucket, days, short } from "../format";
import type { Answer } from "../questions";
import { metricOf } from "../words";
import { Table } from "./table";

export interface Line {
  label: string;
  starts: string[];
  values: (number | null)[];
  isBefore?: boolean;
  /** The last bucket is not over yet. */
  isOpen?: boolean;
}

/** A metric over time; of the buckets that have not come yet, as hours of today, nothing is drawn, nor of what cannot be known. */
export const lineOf = (answer: Answer, metric: string, label: string, isOpen = false): Line => ({
  label,
  starts: answer.buckets.map(({ start }: { start: string }) => start),
  values: answer.buckets.filter(({ start }: { start: string }) => !(Date.parse(start) > Date.now())).map((bucket: Record<string, number>) => (metricOf(metric).isOfVisits && bucket.visits === 0 ? null : bucket[metric])),
  isOpen,
});

interface Props {
  title: string;
  lines: Line[];
  interval: string;
  format: (value: number) => string;
  /** On the axis, in few characters. */
  axis?: (value: number) => string;
  /** The axis has whole numbers alone. */
  isWhole?: boolean;
}

const WHOLE = Array.from({ length: 16 }, (_, zeros) => [1, 2, 5].map((digit) => digit * 10 ** zeros)).flat();

const HEIGHT = 260;
const FONT = "12px system-ui, sans-serif";

const measure = document.createElement("canvas").getContext("2d")!;

/** How wide the widest of some labels is, in pixels. */
const widest = (labels: string[]): number => {
  measure.font = FONT;
  return Math.ceil(Math.max(0, ...labels.map((label) => measure.measureText(label).width)));
};

/** A colour of the style sheet as a canvas takes it, so much of it. */
const colour = (name: string, percent = 100): string => {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `color-mix(in srgb, var(${name}) ${percent}%, transparent)`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
};

/** A line whose last bucket is not over yet is drawn as two: what is known, and what is on its way. */
const withItsEnd = (line: Line): Line[] => {
  const last = line.values.length - 1;
  if (!line.isOpen || last < 1) return [{ ...line, isOpen: false }];
  const end = { ...line, values: line.values.map((value, index) => (index < last - 1 ? null : value)) };
  return [{ ...line, isOpen: false, values: line.values.map((value, index) => (index === last ? null : value)) }, end];
};

/** From when to when a line goes, with the year. */
const spanOf = (first: string, last: string, interval: string): string => (interval === "month" && first !== last ? `${bucket(first, interval)} – ${bucket(last, interval)}` : days(first.slice(0, 10), last.slice(0, 10)));

export const Chart = ({ title, lines, interval, format, axis: onAxis = short, isWhole = false }: Props) => {
  const place = useRef<HTMLDivElement>(null);
  const isTable = useAddress().params.get("as") === "table";
  const [at, setAt] = useState<{ index: number; left: number }>();
  const [theme, setTheme] = useState(0);

  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const changed = () => setTheme((number) => number + 1);
    dark.addEventListener("change", changed);
    document.addEventListener("themechange", changed);
    return () => {
      dark.removeEventListener("change", changed);
      document.removeEventListener("themechange", changed);
    };
  }, []);

  const data = JSON.stringify(lines);
  useEffect(() => {
    const element = place.current;
    if (!element || isTable) return;
    const main = lines[0]!;
    const drawn = lines.flatMap(withItsEnd);
    const [ink, line, accent, second] = [colour("--muted"), colour("--line"), colour("--accent"), colour("--second")];
    const axis = { stroke: ink, font: FONT, ticks: { show: false } };
    // the last label stands under the last point, and half of it beyond
    const room = widest(main.starts.map((start) => bucket(start, interval)));
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        padding: [12, Math.max(12, room / 2 + 2), 0, 0],
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 8, fill: accent, stroke: colour("--surface"), width: 2 } },
        scales: { x: { time: false, range: (_, low, high) => (low === high ? [low - 0.5, high + 0.5] : [low, high]) }, y: { range: (_, __, high) => uPlot.rangeNum(0, Math.max(high, 1), { min: { pad: 0, hard: 0, mode: 1 }, max: { pad: 0.08, soft: 0, mode: 2 } }) } },
        axes: [
          {
            ...axis,
            size: 30,
            grid: { show: false },
            incrs: [1, 2, 3, 4, 6, 7, 12, 14, 24, 28, 30, 60, 90, 180, 365],
            space: Math.max(64, room + 16),
            values: (_, splits) => splits.map((index) => (Number.isInteger(index) && main.starts[index] ? bucket(main.starts[index]!, interval) : "")),
          },
          { ...axis, ...(isWhole && { incrs: WHOLE }), size: (_, labels) => Math.max(52, widest(labels ?? []) + 14), grid: { stroke: line, width: 1 }, values: (_, splits) => splits.map((value) => onAxis(value)) },
        ],
        series: [
          {},
          ...drawn.map(({ label, isBefore, isOpen }) =>
            isBefore
              ? { label, stroke: second, width: 1.5, dash: [5, 5], points: { show: false } }
              : isOpen
                ? { label, stroke: accent, width: 2, dash: [2, 4], points: { show: false } }
              : {
                  label,
                  stroke: accent,
                  width: 2,
                  points: { show: main.values.length < 2 },
                  fill: (plot: uPlot) => {
                    const gradient = plot.ctx.createLinearGradient(0, plot.bbox.top, 0, plot.bbox.top + plot.bbox.height);
                    gradient.addColorStop(0, colour("--accent", 24));
                    gradient.addColorStop(1, colour("--accent", 2));
                    return gradient;
                  },
                },
          ),
        ],
        hooks: {
          setCursor: [
            (plot) => {
              const { idx, left } = plot.cursor;
              setAt(idx == null || left == null || left < 0 ? undefined : { index: idx, left: left + plot.bbox.left / devicePixelRatio });
            },
          ],
        },
      },
      [main.starts.map((_, index) => index), ...drawn.map(({ values }) => main.starts.map((_, index) => values[index] ?? null))] as uPlot.AlignedData,
      element,
    );
    const observer = new ResizeObserver(() => element.clientWidth && plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
      setAt(undefined);
    };
  }, [data, interval, isTable, theme]);

  const main = lines[0]!;
  return (
    <figure class="chart" aria-label={title}>
      {isTable ? (
        <Table
          caption={title}
          rows={main.starts.map((start, index) => ({ start, index }))}
          columns={[
            { label: "When", value: ({ start }) => bucket(start, interval, true) },
            ...lines.map((line) => ({ label: line.label, isNumber: true, value: ({ index }: { index: number }) => (line.values[index] === undefined ? "" : line.values[index] === null ? "–" : format(line.values[index])) })),
          ]}
        />
      ) : (
        <div ref={place} class="plot" role="img" aria-label={`${title}: ${main.values.length} points, at most ${format(Math.max(0, ...main.values.map(Number)))}. The table has them all.`} />
      )}
      {at && !isTable && main.starts[at.index] && (
        <div class={`tip ${at.left > (place.current?.clientWidth ?? 0) / 2 ? "leftwards" : ""}`} style={{ left: `${at.left}px` }}>
          {lines.map(({ label, starts, values, isBefore }) =>
            values[at.index] == null ? null : (
              <p key={label} class={isBefore ? "before" : ""}>
                <b>{format(values[at.index]!)}</b> {bucket(starts[at.index]!, interval, true)}
              </p>
            ),
          )}
        </div>
      )}
      <footer>
        <button class="quiet" aria-pressed={isTable} onClick={() => go(hrefOf({ as: isTable ? undefined : "table" }), { replace: true })}>
          {isTable ? "Show as chart" : "Show as table"}
        </button>
        {!isTable && lines.length > 1 && (
          <p class="legend">
            {lines.map(({ label, starts, isBefore }) => (
              <span key={label} class={isBefore ? "before" : ""}>
                <i /> {starts.length > 0 && spanOf(starts[0]!, starts.at(-1)!, interval)}
              </span>
            ))}
          </p>
        )}
      </footer>
    </figure>
  );
};

// A panel of the overview: the first values of a dimension, tabs for related ones; and its details, with all metrics and all values.
import { useState } from "preact/hooks";
import { go, hrefOf } from "../address";
import { whyHref } from "../figures";
import { is, joined, textOf } from "../filters";
import { count, duration, named, percent, span } from "../format";
import { useAnswers, type Answer, type Answered, type Question } from "../questions";
import { addressOf } from "../server";
import { useSite, type Site } from "../site";
import { dimensionLabel, metricOf } from "../words";
import { Dialog } from "./dialog";
import { Loading, Problem, Waiting } from "./notices";
import { Short } from "./short";
import { Table } from "./table";

interface Row {
  /** null: what has no value of the dimension */
  value: string | null;
  [metric: string]: number | string | null;
}

const UNKNOWN = "(unknown)";

// what is not known is not compared with what is: it would dwarf it
const shareOf = (row: Row, metric: string, most: number) => (row.value === null ? 0 : Math.max(0, Number(row[metric])) / most);
const mostOf = (rows: Row[], metric: string) => Math.max(1, ...rows.filter(({ value }) => value !== null).map((row) => Number(row[metric])));

export interface PanelAbout {
  name: string;
  title: string;
  /** Dimensions, the first shown by default. */
  tabs: string[];
}

export const ROWS = 8;
const METRICS_OF: Record<string, string[]> = { page: ["page_views", "visits"], item: ["events", "visits", "conversions"], event: ["events", "visits"] };
const ALL_METRICS = ["visitors", "visits", "page_views", "events", "conversions", "conversion_rate", "revenue"];

const metricsOf = (dimension: string) =>
  METRICS_OF[dimension] ?? (dimension.startsWith("event_") || dimension.startsWith("property:") ? METRICS_OF.event! : dimension.startsWith("item") ? METRICS_OF.item! : ["visitors", "visits"]);

/** The dimension that a panel shows. */
export const shownIn = ({ name, tabs }: PanelAbout, params: URLSearchParams): string => {
  const chosen = params.get(name);
  return chosen && tabs.includes(chosen) ? chosen : tabs[0]!;
};

/** What a panel asks for. */
export const questionOf = (dimension: string, about: Site["about"]): Question => ({ report: "breakdown", ...about, dimension, metrics: metricsOf(dimension), limit: ROWS });

/** The address that keeps to what has this value. */
export const filteredBy = (filter: string, dimension: string, value: string | null): string => hrefOf({ filter: joined(filter, is(dimension, value)) });

/** What is beside the metrics of a page: how long it is read, as the engagement report says. */
export const columnsOfRead = (engagement: Answer, hasDepth = false) => {
  const read = new Map<string | null, { time_on_page: number | null; scroll_depth: number | null }>((engagement?.rows ?? []).map((row: { page: string }) => [row.page, row]));
  const column = (label: string, key: "time_on_page" | "scroll_depth", format: (value: number) => string) => ({
    label,
    isNumber: true,
    value: ({ value }: Row) => {
      const figure = read.get(value)?.[key];
      return figure == null ? "–" : format(figure);
    },
  });
  return [column("Time on page", "time_on_page", duration), ...(hasDepth ? [column("Scroll depth", "scroll_depth", percent)] : [])];
};

export const Panel = ({ about, answer, engagement, error, again }: { about: PanelAbout; engagement?: Answer } & Answered) => {
  const { filter, params, pack } = useSite();
  const dimension = shownIn(about, params);
  const metrics = metricsOf(dimension);
  const rows: Row[] = answer?.rows ?? [];
  const isRead = dimension === "page" && engagement;
  const shown = metrics.slice(0, isRead ? 1 : 2);
  const most = mostOf(rows, metrics[0]!);
  return (
    <section class="panel" aria-labelledby={`panel-${about.name}`}>
      <header>
        <h2 id={`panel-${about.name}`}>{about.title}</h2>
        {about.tabs.length > 1 && (
          <nav aria-label={about.title} class="tabs">
            {about.tabs.map((tab) => (
              <a key={tab} data-own href={hrefOf({ [about.name]: tab === about.tabs[0] ? undefined : tab })} aria-current={tab === dimension ? "true" : undefined}>
                {dimensionLabel(tab)}
              </a>
            ))}
          </nav>
        )}
      </header>
      {answer ? (
        <Table
          caption={`${about.title} by ${dimensionLabel(dimension)}`}
          rows={rows}
          keyOf={(row) => row.value ?? UNKNOWN}
          share={(row) => shareOf(row, metrics[0]!, most)}
          columns={[
            {
              label: dimensionLabel(dimension),
              value: (row) => (
                <a data-own href={filteredBy(filter, dimension, row.value)}>
                  {row.value === null ? UNKNOWN : <Short title={row.value}>{named(dimension, row.value)}</Short>}
                </a>
              ),
            },
            ...shown.map((metric) => ({ label: metricOf(metric, pack).label, isNumber: true, value: (row: Row) => count(Number(row[metric])) })),
            ...(isRead ? columnsOfRead(engagement) : []),
          ]}
        />
      ) : (
        <Waiting name={about.title} lines={ROWS} error={error} again={again} />
      )}
      <a data-own class="more" href={hrefOf({ details: dimension, sort: undefined, search: undefined, rows: undefined })}>
        Details<span class="unseen"> of {dimensionLabel(dimension)}</span> →
      </a>
    </section>
  );
};

/** Bounces and durations of a page are those of the visits that entered there. */
const proofOf = (dimension: string, metric: string) => (dimension === "page" && ["bounce_rate", "visit_duration"].includes(metric) ? "entry_page" : dimension);

/** All values of a dimension with all metrics: searched, sorted, downloaded. In the address as `details`. */
export const Details = ({ dimension }: { dimension: string }) => {
  const { tenant, about, range, filter, params, pack, seesVisitors } = useSite();
  const [search, setSearch] = useState(params.get("search") ?? "");
  const first = metricsOf(dimension)[0]!;
  const all = dimension === "page" || !dimension.match(/^(event|item|property|host|funnel)/) ? [...ALL_METRICS.slice(0, 3), "bounce_rate", "visit_duration", "engaged_time", ...ALL_METRICS.slice(4)] : ALL_METRICS;
  const metrics = [first, ...all.filter((metric) => metric !== first)];
  const sort = params.get("sort") ?? `-${first}`;
  const sorted = sort.replace("-", "");
  const rows = Number(params.get("rows") ?? 25);
  const question = { report: "breakdown", ...about, dimension, metrics, sort, search: params.get("search") ?? "", limit: Math.min(rows, 1000) };
  const { answers, error, isLoading, again } = useAnswers(tenant.tenant, [question, ...(dimension === "page" ? [{ report: "engagement", ...about, limit: 1000 }] : [])]);
  const [answer, engagement] = answers;
  const file = (form: string) => addressOf(`/api/analytics/breakdown.${form}`, { ...about, includeBots: String(about.includeBots), dimension, metrics: metrics.join(","), sort, search: question.search });
  const most = mostOf(answer?.rows ?? [], sorted);
  return (
    <Dialog title={`${dimensionLabel(dimension)}, ${span(range)}`} close={() => go(hrefOf({ details: undefined, sort: undefined, search: undefined, rows: undefined }))}>
      <form
        class="tools"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          go(hrefOf({ search, rows: undefined }), { replace: true });
        }}
      >
        <label>
          <span class="unseen">Search values</span>
          <input type="search" placeholder="Search" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
        </label>
        <button>Search</button>
        <span class="files">
          Download{" "}
          {["csv", "parquet"].map((form) => (
            <a key={form} href={file(form)} download>
              {form === "csv" ? "CSV" : "Parquet"}
            </a>
          ))}
        </span>
      </form>
      <Problem error={error} again={again} />
      {answer ? (
        <Table
          caption={`All values of ${dimensionLabel(dimension)}`}
          rows={answer.rows as Row[]}
          keyOf={(row) => row.value ?? UNKNOWN}
          share={(row) => shareOf(row, sorted, most)}
          columns={[
            {
              label: dimensionLabel(dimension),
              value: (row) => (
                <a data-own href={hrefOf({ filter: joined(filter, is(dimension, row.value)), details: undefined, sort: undefined, search: undefined, rows: undefined })}>
                  {row.value === null ? UNKNOWN : <Short title={row.value}>{named(dimension, row.value)}</Short>}
                </a>
              ),
            },
            ...metrics.map((metric) => {
              const { label, format } = metricOf(metric, pack);
              const state = sort === metric ? ("ascending" as const) : sort === `-${metric}` ? ("descending" as const) : undefined;
              return { label, isNumber: true, sort: { href: hrefOf({ sort: state === "descending" ? metric : `-${metric}` }), state }, value: (row: Row) => format(Number(row[metric]), tenant.currency) };
            }),
            ...(engagement ? columnsOfRead(engagement, true) : []),
            ...(seesVisitors ? [{ label: "Proof", value: (row: Row) => <a data-own class="why" href={whyHref(sorted, {}, [filter, textOf(is(proofOf(dimension, sorted), row.value))].filter(Boolean).join(";"))}>why?</a> }] : []),
          ]}
        />
      ) : (
        !error && <Loading lines={12} />
      )}
      {answer?.nextCursor && rows < 1000 && (
        <a data-own class="more" href={hrefOf({ rows: String(Math.min(1000, rows * 4)) })} aria-busy={isLoading}>
          More rows
        </a>
      )}
    </Dialog>
  );
};

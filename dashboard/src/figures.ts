// Figures that "why this number" proves: how the address names one, which report says it, and which events are behind it.
import { hrefOf } from "./address";
import { bucket, count, named } from "./format";
import { capital, readable } from "./names";
import type { Answer, Question } from "./questions";
import type { Site } from "./site";
import { METRICS, dimensionLabel, metricOf, said, type Metric } from "./words";

export interface Figure {
  name: string;
  label: string;
  meaning: string;
  told?: Metric["told"];
  format: (value: number, currency: string) => string;
  /** The report that says it, and where. */
  report: Question;
  read: (answer: Answer) => number | null | undefined;
  isMeasured?: boolean;
  /** The question for the events behind it; nothing for a mean or a rate, which has visits behind it. */
  events?: Question;
  /** What each of these events stands for. */
  standsFor?: string;
}

type Keys = Record<string, string | string[]>;

// in every address `period` names days
const inAddress = (key: string) => (key === "period" ? "later" : key);

/** The address that proves a figure: of a metric, or of a report with what names it; under another filter if one is given. */
export const whyHref = (figure: string, keys: Keys = {}, filter?: string): string => {
  const former = ["cursor", "then", ...Object.values(REPORTS).flatMap(({ keys }) => keys).map(inAddress)].map((key) => [key, undefined]);
  const named = Object.entries(keys).map(([key, value]) => [inAddress(key), value]);
  return hrefOf({ ...Object.fromEntries([...former, ...named]), figure, ...(filter === undefined ? {} : { filter }) }, "why");
};

// the metrics that count something, and what one event of each stands for
const COUNTED: Record<string, string> = {
  events: "",
  page_views: "",
  visits: "of each visit the first",
  visitors: "of each visitor the first",
  conversions: "of each conversion the first",
  revenue: "of each conversion the first",
};

/** The figure that an address names; one that there is not is the page views. */
export const figureOf = ({ params, about, pack }: Site): Figure => {
  const name = params.get("figure") ?? "";
  if (Object.hasOwn(REPORTS, name)) {
    const { keys: known, figure } = REPORTS[name]!;
    const keys: Keys = {};
    for (const key of known) {
      const values = params.getAll(inAddress(key));
      if (values.length) keys[key] = key === "steps" ? values : values[0]!;
    }
    return { name, ...figure(keys, about), events: { report: "events", ...about, figure: name, ...keys } };
  }
  const metric = Object.hasOwn(METRICS, name) ? name : "page_views";
  return {
    name: metric,
    ...metricOf(metric, pack),
    report: { report: "overview", ...about, metrics: [metric] },
    read: (answer) => answer?.metrics[metric],
    ...(metric in COUNTED && { events: { report: "events", ...about, figure: metric }, standsFor: COUNTED[metric] }),
  };
};

type Told = Omit<Figure, "name" | "events">;

const funnelFigure = ({ steps = [], step = "1", dropped, dimension, value, ...way }: Keys, about: Site["about"]): Told => {
  const [number, per] = [Number(step), String(way.per ?? "visit")];
  const told = said(steps[number - 1] ?? "");
  const group = value ? ` (${dimensionLabel(String(dimension))}: ${named(String(dimension), String(value))})` : "";
  return {
    label: `Funnel, step ${number}`,
    meaning: dropped ? `${capital(per)}s that came to “${said(steps[number - 2] ?? "")}”, but not on to “${told}”${group}` : `${capital(per)}s that came to “${told}”, step ${number} of ${steps.length}${group}`,
    format: count,
    report: { report: "funnel", ...about, steps, ...way, dimension, limit: 1000 },
    read: (answer) => {
      const of = value ? answer?.groups?.find((one: { value: string }) => one.value === value)?.steps : answer?.steps;
      return of?.[number - 1]?.[dropped ? "drop_off" : "count"];
    },
    standsFor: `of each ${per} the one that reached the step${dropped ? " before" : ""}`,
  };
};

const retentionFigure = ({ interval = "week", cohort = "", period = "0" }: Keys, about: Site["about"]): Told => ({
  label: "Retention",
  meaning: `Visitors who first came in the ${interval} of ${bucket(String(cohort), "day", true)}${Number(period) ? `, and again in the ${ordinal(Number(period))} ${interval} after it` : ""}`,
  format: count,
  report: { report: "retention", ...about, interval },
  read: (answer) => answer?.cohorts.find(({ start }: { start: string }) => start === cohort)?.retained[Number(period)],
  standsFor: `of each visitor the first in that ${interval}`,
});

const pathFigure = ({ level = "0", top = "10", source = "", target = "", ...way }: Keys, about: Site["about"]): Told => ({
  label: `Paths, step ${Number(level) + 1}`,
  meaning: `Visits that went ${way.direction === "previous" ? "back " : ""}from ${thingOf(String(source), way.of)} to ${thingOf(String(target), way.of)}`,
  format: count,
  report: { report: "paths", ...about, ...way, depth: Number(level) + 1, limit: top },
  read: (answer) => answer?.links.find((link: Record<string, unknown>) => String(link.level) === level && link.source === source && link.target === target)?.visits,
  standsFor: `of each visit the one at ${thingOf(String(source), way.of)}`,
});

// the reports beside the overview that have figures: what names one of them (docs/ask/reports.md), and what it says
const REPORTS: Record<string, { keys: string[]; figure: (keys: Keys, about: Site["about"]) => Told }> = {
  funnel: { keys: ["steps", "order", "window", "per", "dimension", "value", "step", "dropped"], figure: funnelFigure },
  retention: { keys: ["interval", "cohort", "period"], figure: retentionFigure },
  paths: { keys: ["start", "direction", "of", "top", "level", "source", "target"], figure: pathFigure },
};

/** A page or an event of a path, as people read it; (exit), (entry) and (other) as they are. */
export const thingOf = (thing: string, of: unknown): string => {
  if (thing.startsWith("(")) return thing;
  return of === "events" ? thing.split(":").map(readable).join(": ") : named("page", thing);
};

const ordinal = (number: number) => `${number}${number % 100 > 10 && number % 100 < 14 ? "th" : (["th", "st", "nd", "rd"][number % 10] ?? "th")}`;

// The names of metrics and dimensions, and what each figure means. Definitions: docs/ask/reports.md.
import { DECLARED_DIMENSIONS, DECLARED_METRICS } from "./declared";
import { OPERATORS, parse, split, type Condition } from "./filters";
import { count, duration, milliseconds, money, named, percent } from "./format";
import { readable } from "./names";
import type { Pack } from "./server";

export interface Metric {
  label: string;
  meaning: string;
  isBetterLower?: boolean;
  /** Counts things, which there are no halves of. */
  isWhole?: boolean;
  /** Changes by points, not by percent. */
  isPercentage?: boolean;
  /** A share or a mean of visits: without any there is none. */
  isOfVisits?: boolean;
  /** Not known (null) where nothing was measured. */
  isMeasured?: boolean;
  format: (value: number, currency: string) => string;
  /** The figure in a sentence, where its `{}` is; of one, and of any other number. */
  told?: { one: string; many: string };
}

const FORMATS = { count, ratio: count, percent, seconds: duration, milliseconds, money };

export const METRICS: Record<string, Metric> = Object.fromEntries(
  Object.entries(DECLARED_METRICS).map(([name, { label, meaning, unit, isBetterLower, isMeasured, one, many }]) => [
    name,
    {
      label,
      meaning,
      isBetterLower,
      isMeasured,
      isWhole: unit === "count",
      isPercentage: unit === "percent",
      isOfVisits: !isMeasured && ["ratio", "percent", "seconds"].includes(unit),
      format: FORMATS[unit],
      told: { one, many },
    },
  ]),
);

/** A metric under the name that a tenant's industry has for it. */
export const metricOf = (name: string, pack?: Pack): Metric => {
  const metric = (Object.hasOwn(METRICS, name) && METRICS[name]) || { label: name.replaceAll("_", " "), meaning: "", format: count };
  return pack && name === "conversions" ? { ...metric, label: pack.conversions } : metric;
};

export const DIMENSIONS: Record<string, string> = { ...DECLARED_DIMENSIONS, goal: "Goal" };

export const dimensionLabel = (dimension: string): string => (dimension.startsWith("property:") ? dimension.slice(9) : (DIMENSIONS[dimension] ?? dimension));

/** The values of a condition, as people read them. */
export const valuesSaid = ({ dimension, values }: Condition): string => values.map((value) => named(dimension, value) || "not known").join(" or ");

// what names itself: "Checkout: start" needs no "Funnel step is"
const SELF_NAMED = ["funnel_step", "event_type", "goal"];

/** A filter in words. */
export const said = (filter: string): string =>
  split(filter)
    .map((condition) => {
      const known = parse(condition);
      if (!known) return condition;
      const { dimension, operator, values } = known;
      return operator === "==" && values.every(Boolean) && SELF_NAMED.includes(dimension) ? valuesSaid(known) : `${dimensionLabel(dimension)} ${OPERATORS[operator]} ${valuesSaid(known)}`;
    })
    .join(" and ");

/** What a tenant's industry calls items. */
export const itemsWord = (pack?: Pack): string => pack?.items ?? "Items";

/** What it calls one of them. */
export const itemWord = (pack?: Pack): string => readable(pack?.item_type ?? "item");

// by type, then by action
const DID: Record<string, Record<string, string>> = {
  item_interaction: { view: "looked at" },
  transaction_step: { start: "started", progress: "next step", complete: "completed", abandon: "gave up" },
};

/** What somebody did, in words: looked at, started, … */
export const actionOf = (type: string, action = ""): string => {
  if (type === "page_view") return readable(type);
  const did = DID[type];
  if (did) return did[action] ?? (action ? readable(action).toLowerCase() : readable(type));
  return action ? readable(action) : readable(type);
};

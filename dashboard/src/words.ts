// The names of metrics and dimensions, and what each figure means. Definitions: docs/reports.md.
import { OPERATORS, parse, split } from "./filters";
import { count, duration, money, named, percent } from "./format";
import type { Pack } from "./server";

export interface Metric {
  label: string;
  meaning: string;
  isBetterLower?: boolean;
  format: (value: number, currency: string) => string;
}

export const METRICS: Record<string, Metric> = {
  visitors: { label: "Visitors", meaning: "Distinct visitors", format: count },
  visits: { label: "Visits", meaning: "Distinct visits; of who asks not to be tracked, each event is one", format: count },
  page_views: { label: "Page views", meaning: "Events of type page_view", format: count },
  views_per_visit: { label: "Views per visit", meaning: "Page views / visits", format: count },
  bounce_rate: { label: "Bounce rate", meaning: "Visits with one page view and nothing else, percent of closed visits", isBetterLower: true, format: percent },
  visit_duration: { label: "Visit duration", meaning: "From first to last event, mean over closed visits", format: duration },
  events: { label: "Events", meaning: "All events", format: count },
  conversions: { label: "Conversions", meaning: "Completed transactions, each counted once", format: count },
  conversion_rate: { label: "Conversion rate", meaning: "Visits with a conversion, percent of visits", format: percent },
  revenue: { label: "Revenue", meaning: "Value of the conversions in the tenant's currency", format: money },
};

/** A metric under the name that a tenant's industry has for it. */
export const metricOf = (name: string, pack?: Pack): Metric => {
  const metric = (Object.hasOwn(METRICS, name) && METRICS[name]) || { label: name.replaceAll("_", " "), meaning: "", format: count };
  return pack && name === "conversions" ? { ...metric, label: pack.conversions } : metric;
};

export const DIMENSIONS: Record<string, string> = {
  source: "Source",
  channel: "Channel",
  referrer: "Referrer",
  utm_source: "UTM source",
  utm_medium: "UTM medium",
  utm_campaign: "Campaign",
  page: "Page",
  entry_page: "Entry page",
  exit_page: "Exit page",
  host: "Host",
  country: "Country",
  language: "Language",
  device: "Device",
  browser: "Browser",
  browser_version: "Browser version",
  os: "Operating system",
  item: "Item",
  item_type: "Item type",
  event_type: "Event",
  event_action: "Action",
  event_label: "Label",
  event_category: "Category",
  funnel_step: "Funnel step",
  goal: "Goal",
};

export const dimensionLabel = (dimension: string): string => (dimension.startsWith("property:") ? dimension.slice(9) : (DIMENSIONS[dimension] ?? dimension));

/** A filter in words. */
export const said = (filter: string): string =>
  split(filter)
    .map((condition) => {
      const known = parse(condition);
      if (!known) return condition;
      const { dimension, operator, value } = known;
      if (operator === "==" && value && ["funnel_step", "event_type", "goal"].includes(dimension)) return value.replaceAll("_", " ").replace(" step:", ": ");
      return `${dimensionLabel(dimension)} ${OPERATORS[operator]} ${named(dimension, value) || "not known"}`;
    })
    .join(" and ");

/** What a tenant's industry calls items. */
export const itemsWord = (pack?: Pack): string => pack?.items ?? "Items";

/** What somebody did, in words: added to cart, checkout started, … */
export const actionOf = (type: string, action?: string): string => {
  if (type === "item_interaction") return action === "view" || !action ? "looked at" : action.replaceAll("_", " ");
  if (type === "transaction_step") return { start: "started", progress: "went on", complete: "completed", abandon: "abandoned" }[action ?? ""] ?? "transaction";
  return [type === "engagement" ? "" : type.replaceAll("_", " "), action?.replaceAll("_", " ")].filter(Boolean).join(": ");
};

// Numbers, durations and days as people read them. What is made here is read by people alone: nothing ever takes it apart again.
import { ENGLISH } from "./locale";
import { readable, readableStep } from "./names";
import type { Range } from "./periods";

const plain = new Intl.NumberFormat(ENGLISH, { maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat(ENGLISH, { notation: "compact", maximumFractionDigits: 1 });

export const count = (value: number): string => plain.format(value);

/** In few characters: 1.2K. */
export const short = (value: number): string => (Math.abs(value) < 10_000 ? plain.format(Math.round(value * 100) / 100) : compact.format(value));

const percentage = new Intl.NumberFormat(ENGLISH, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const percent = (value: number): string => percentage.format(value / 100);

export const money = (value: number, currency: string): string =>
  new Intl.NumberFormat(ENGLISH, { style: "currency", currency, minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);

/** Money in few characters: on axes and cards. */
export const shortMoney = (value: number, currency: string): string =>
  new Intl.NumberFormat(ENGLISH, { style: "currency", currency, ...(Math.abs(value) < 1000 ? { maximumFractionDigits: 2, trailingZeroDisplay: "stripIfInteger" } : Math.abs(value) < 100_000 ? { maximumFractionDigits: 0 } : { notation: "compact" }) }).format(value);

/** Seconds as 2 m 05 s. */
export const duration = (seconds: number): string => {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} m`;
};

export const milliseconds = (value: number): string => (value < 1000 ? `${count(value)} ms` : `${count(Math.round(value / 10) / 100)} s`);

export const bytes = (value: number): string => {
  const megabytes = Math.round(value / 104_857.6) / 10;
  return megabytes < 1024 ? `${short(megabytes)} MB` : `${short(Math.round(megabytes / 102.4) / 10)} GB`;
};

const inUtc = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(ENGLISH, { ...options, timeZone: "UTC" });
const DAY = inUtc({ day: "numeric", month: "short" });
const DAY_AND_YEAR = inUtc({ day: "numeric", month: "short", year: "numeric" });
const WEEKDAY = inUtc({ weekday: "short", day: "numeric", month: "short" });
const MONTH = inUtc({ month: "short", year: "numeric" });

/** What the clock there showed, whatever the browser's own zone: the offset of a moment is cut off. */
const asShown = (start: string) => new Date(`${start.slice(0, 19)}${start.length > 10 ? "" : "T00:00:00"}Z`);

/** The start of a bucket of time, as a chart's axis names it. */
export const bucket = (start: string, interval: string, isLong = false): string => {
  const at = asShown(start);
  if (interval === "hour" || interval === "minute") return (isLong ? `${WEEKDAY.format(at)}, ` : "") + start.slice(11, 16);
  if (interval === "month") return MONTH.format(at);
  return (interval === "week" && isLong ? "Week of " : "") + (isLong ? WEEKDAY : DAY).format(at);
};

const LONG_MONTH = inUtc({ month: "long", year: "numeric" });
const WEEKDAY_ALONE = inUtc({ weekday: "short" });

/** The month of a day: March 2026. */
export const month = (date: string): string => LONG_MONTH.format(asShown(date));

export const weekday = (date: string): string => WEEKDAY_ALONE.format(asShown(date));

export const day = (date: string): string => DAY_AND_YEAR.format(asShown(date));

export const days = (from: string, to: string): string => (from === to ? day(from) : `${(from.slice(0, 4) === to.slice(0, 4) ? DAY : DAY_AND_YEAR).format(asShown(from))} – ${day(to)}`);

/** What a range is about. */
export const span = ({ dateFrom, dateTo, hours }: Range): string => (hours ? `the last ${hours} hours` : days(dateFrom, dateTo));

/** A moment as the tenant's clock showed it. */
export const clock = (time: string, withDay = true): string => `${withDay ? `${DAY.format(asShown(time))}, ` : ""}${time.slice(11, 19)}`;

/** How long ago a moment was. */
export const ago = (time: string): string => {
  const seconds = Math.max(0, (Date.now() - Date.parse(time)) / 1000);
  if (seconds < 5) return "just now";
  if (seconds < 90) return `${Math.round(seconds)} s ago`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min ago` : seconds < 129_600 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} days ago`;
};

const REGION = new Intl.DisplayNames(ENGLISH, { type: "region" });
const LANGUAGE = new Intl.DisplayNames(ENGLISH, { type: "language" });

/** A dimension's value as people read it. */
export const named = (dimension: string, value: string): string => {
  try {
    if (dimension === "country") return REGION.of(value) ?? value;
    if (dimension === "language") return LANGUAGE.of(value) ?? value;
  } catch {
    // whatever a browser sent as its language
  }
  // a part of an address, as in "contains", stays as it is written
  if ((dimension === "page" || dimension.endsWith("_page")) && value.includes("/")) return value.slice(value.indexOf("/"));
  if (["event_type", "event_action", "event_category"].includes(dimension)) return readable(value);
  if (dimension === "funnel_step") return readableStep(value);
  if (dimension === "item") return value.slice(value.indexOf(":") + 1);
  return value;
};

// Periods of days in a tenant's time zone, by name or from day to day. Days are texts as 2026-03-10, and calculated in UTC.
import { ENGLISH } from "./locale";

export interface Range {
  dateFrom: string;
  dateTo: string;
  /** Of the last hours until now: how many; then the days are those that they touch. */
  hours?: number;
}

const DAY = 86_400_000;
const moment = (day: string) => (/^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : NaN);
const dayOf = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 10);

/** The day so many days later. */
export const shifted = (day: string, days: number): string => dayOf(moment(day) + days * DAY);

/** The first day of the month so many months later. */
export const firstOfMonth = (day: string, months = 0): string => {
  const [year, month] = day.split("-").map(Number) as [number, number];
  return dayOf(Date.UTC(year, month - 1 + months, 1));
};

/** Whether a text is a day that there is. */
export const isDay = (day: string): boolean => !Number.isNaN(moment(day)) && shifted(day, 0) === day;

/** What day it is there, put together from its parts: how a browser writes a date out changes from one to the next. */
export const todayIn = (timeZone: string): string => {
  const parts = new Intl.DateTimeFormat(ENGLISH, { timeZone, year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(new Date());
  const part = (type: string) => parts.find((one) => one.type === type)!.value;
  return `${part("year")}-${part("month")}-${part("day")}`;
};

/** How many days a range has. */
export const daysIn = ({ dateFrom, dateTo }: Range): number => (moment(dateTo) - moment(dateFrom)) / DAY + 1;

const WEEK_STARTS = { sunday: 0, monday: 1, saturday: 6 };

/** The day that weeks begin on. */
export type WeekStart = keyof typeof WEEK_STARTS;

/** How many days of its week are before a day. */
export const dayOfWeek = (day: string, weekStart: WeekStart): number => (new Date(moment(day)).getUTCDay() - WEEK_STARTS[weekStart] + 7) % 7;

const firstOfWeek = (day: string, weekStart: WeekStart) => shifted(day, -dayOfWeek(day, weekStart));
const firstOfQuarter = (day: string, quarters = 0) => firstOfMonth(day, -((Number(day.slice(5, 7)) - 1) % 3) + 3 * quarters);
const MOST = 3660; // days that a question may be about

interface Period {
  label: string;
  range: (today: string, weekStart: WeekStart) => [from: string, to: string];
  hours?: number;
  /** The letter that chooses it. */
  key?: string;
}

export const PERIODS: Record<string, Period> = {
  "24h": { label: "Last 24 hours", key: "H", hours: 24, range: (today) => [shifted(today, -1), today] },
  today: { label: "Today", key: "D", range: (today) => [today, today] },
  yesterday: { label: "Yesterday", key: "E", range: (today) => [shifted(today, -1), shifted(today, -1)] },
  "7d": { label: "Last 7 days", key: "W", range: (today) => [shifted(today, -6), today] },
  "30d": { label: "Last 30 days", key: "T", range: (today) => [shifted(today, -29), today] },
  "90d": { label: "Last 90 days", key: "N", range: (today) => [shifted(today, -89), today] },
  week: { label: "This week", range: (today, weekStart) => [firstOfWeek(today, weekStart), today] },
  "last-week": { label: "Last week", range: (today, weekStart) => [shifted(firstOfWeek(today, weekStart), -7), shifted(firstOfWeek(today, weekStart), -1)] },
  month: { label: "This month", key: "M", range: (today) => [firstOfMonth(today), today] },
  "last-month": { label: "Last month", key: "P", range: (today) => [firstOfMonth(today, -1), shifted(firstOfMonth(today), -1)] },
  quarter: { label: "This quarter", range: (today) => [firstOfQuarter(today), today] },
  "last-quarter": { label: "Last quarter", range: (today) => [firstOfQuarter(today, -1), shifted(firstOfQuarter(today), -1)] },
  year: { label: "This year", key: "Y", range: (today) => [`${today.slice(0, 4)}-01-01`, today] },
  "12m": { label: "Last 12 months", key: "L", range: (today) => [firstOfMonth(today, -11), today] },
  all: { label: "All time", key: "A", range: (today) => [shifted(today, -MOST), today] },
};
export const DEFAULT_PERIOD = "30d";

/** The name of the period that an address is about; nothing for one from day to day. */
export const periodOf = (params: URLSearchParams): string | undefined => {
  if (isDay(params.get("from") ?? "") && isDay(params.get("to") ?? "")) return undefined;
  const period = params.get("period") ?? "";
  return Object.hasOwn(PERIODS, period) ? period : DEFAULT_PERIOD;
};

/** The days that an address is about. */
export const rangeOf = (params: URLSearchParams, timeZone: string, weekStart: WeekStart): Range => {
  const period = periodOf(params);
  const [one, other] = period ? PERIODS[period]!.range(todayIn(timeZone), weekStart) : [params.get("from")!, params.get("to")!];
  const [dateFrom, dateTo] = one <= other ? [one, other] : [other, one];
  return { dateFrom: daysIn({ dateFrom, dateTo }) > MOST ? shifted(dateTo, -MOST) : dateFrom, dateTo, hours: period ? PERIODS[period]!.hours : undefined };
};

/** A range as questions say it. */
export const asked = ({ hours, ...days }: Range): Partial<Range> => (hours ? { hours } : days);

/** The range as many days earlier (-1) or later (1) as it has; of whole months the months beside them. */
export const neighbour = (range: Range, step: -1 | 1): Range => {
  const months = monthsIn(range);
  if (months) return { dateFrom: firstOfMonth(range.dateFrom, months * step), dateTo: shifted(firstOfMonth(range.dateFrom, months * (step + 1)), -1) };
  return moved(range, step);
};

const moved = (range: Range, step: -1 | 1): Range => {
  const days = daysIn(range) * step;
  return { dateFrom: shifted(range.dateFrom, days), dateTo: shifted(range.dateTo, days) };
};

/** How many whole months a range is; 0: it begins or ends within one. */
const monthsIn = ({ dateFrom, dateTo }: Range): number => {
  const after = shifted(dateTo, 1);
  if (!dateFrom.endsWith("-01") || !after.endsWith("-01")) return 0;
  const monthOf = (day: string) => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7));
  return monthOf(after) - monthOf(dateFrom);
};

/** What a range can be compared with. Nothing was before all time. */
export const comparisonsOf = (range: Range): string[] => (daysIn(range) > MOST ? [] : range.hours ? ["previous_period"] : ["previous_period", "previous_year"]);

/** How finely a range is drawn by default, and what it can be drawn by. */
export const intervalsOf = (range: Range): string[] => {
  if (range.hours) return ["hour"];
  const days = daysIn(range);
  return ["hour", "day", "week", "month"].filter(
    (interval) => (interval === "hour" ? days <= 7 : interval === "day" ? days > 1 && days <= 400 : interval === "week" ? days > 7 && days <= 1100 : days > 31),
  );
};
export const defaultInterval = (range: Range): string => (daysIn(range) <= 2 ? "hour" : daysIn(range) <= 120 ? "day" : "month");

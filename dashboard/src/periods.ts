// Periods of days in a tenant's time zone, by name or from day to day.

export interface Range {
  dateFrom: string;
  dateTo: string;
}

const DAY = 86_400_000;
const moment = (day: string) => Date.parse(`${day}T00:00:00Z`);
const dayOf = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 10);
const shifted = (day: string, days: number) => dayOf(moment(day) + days * DAY);
const firstOfMonth = (day: string, months = 0) => {
  const [year, month] = day.split("-").map(Number) as [number, number];
  return dayOf(Date.UTC(year, month - 1 + months, 1));
};

/** What day it is there. */
export const todayIn = (timeZone: string): string => new Intl.DateTimeFormat("en-CA", { timeZone }).format(new Date());

/** How many days a range has. */
export const daysIn = ({ dateFrom, dateTo }: Range): number => (moment(dateTo) - moment(dateFrom)) / DAY + 1;

type Named = (today: string) => [from: string, to: string];

export const PERIODS: Record<string, { label: string; range: Named }> = {
  today: { label: "Today", range: (today) => [today, today] },
  yesterday: { label: "Yesterday", range: (today) => [shifted(today, -1), shifted(today, -1)] },
  "7d": { label: "Last 7 days", range: (today) => [shifted(today, -6), today] },
  "30d": { label: "Last 30 days", range: (today) => [shifted(today, -29), today] },
  "90d": { label: "Last 90 days", range: (today) => [shifted(today, -89), today] },
  month: { label: "This month", range: (today) => [firstOfMonth(today), today] },
  "last-month": { label: "Last month", range: (today) => [firstOfMonth(today, -1), shifted(firstOfMonth(today), -1)] },
  "12m": { label: "Last 12 months", range: (today) => [firstOfMonth(today, -11), today] },
};
export const DEFAULT_PERIOD = "30d";

/** The days that an address is about. */
export const rangeOf = (params: URLSearchParams, timeZone: string): Range => {
  const from = params.get("from");
  const to = params.get("to");
  if (from && to && !Number.isNaN(moment(from) + moment(to))) return from <= to ? { dateFrom: from, dateTo: to } : { dateFrom: to, dateTo: from };
  const period = params.get("period") ?? "";
  const { range } = PERIODS[Object.hasOwn(PERIODS, period) ? period : DEFAULT_PERIOD]!;
  const [dateFrom, dateTo] = range(todayIn(timeZone));
  return { dateFrom, dateTo };
};

/** The range as many days earlier (-1) or later (1) as it has. */
export const neighbour = (range: Range, step: -1 | 1): Range => {
  const days = daysIn(range) * step;
  return { dateFrom: shifted(range.dateFrom, days), dateTo: shifted(range.dateTo, days) };
};

/** The days that a comparison is about; twin of what api.overview compares with. */
export const comparedWith = (range: Range, compare: string): Range | undefined => {
  if (compare === "previous_period") return neighbour(range, -1);
  if (compare !== "previous_year") return undefined;
  const yearBefore = (day: string) => {
    const [year, rest] = [Number(day.slice(0, 4)) - 1, day.slice(5)];
    return rest === "02-29" ? `${year}-02-28` : `${year}-${rest}`;
  };
  return { dateFrom: yearBefore(range.dateFrom), dateTo: yearBefore(range.dateTo) };
};

/** How finely a range is drawn by default, and what it can be drawn by. */
export const intervalsOf = (range: Range): string[] => {
  const days = daysIn(range);
  return ["hour", "day", "week", "month"].filter(
    (interval) => (interval === "hour" ? days <= 7 : interval === "day" ? days > 1 && days <= 400 : interval === "week" ? days > 7 : days > 31),
  );
};
export const defaultInterval = (range: Range): string => (daysIn(range) <= 2 ? "hour" : daysIn(range) <= 120 ? "day" : "month");

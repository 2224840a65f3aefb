// The ES module for npm: the same tracker for those who bundle their scripts.
import { start as startPages, type Footfall, type Options } from "./footfall";

export type { Details, Footfall, Options, TransactionStep, WireEvent } from "./footfall";

/** Start tracking; attention, clicks and web vitals follow in a part that is loaded later. */
export const start = (options: Options): Footfall => {
  const footfall = startPages(options);
  void import("./more").then(({ watchMore }) => watchMore(footfall));
  return footfall;
};

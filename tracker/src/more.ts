// What need not be there at once: attention, clicks, missing pages, web vitals.
import { scrub } from "./address";
import { watchAttention } from "./attention";
import { watchClicks } from "./clicks";
import type { Footfall } from "./footfall";
import { watchVitals } from "./vitals";

export const watchMore = (footfall: Footfall, { vitals, hash }: { vitals?: string; hash?: boolean }): void => {
  watchAttention(footfall);
  watchClicks(footfall);
  // newer browsers know with which status the page was answered
  const [navigation] = performance.getEntriesByType("navigation") as { responseStatus?: number }[];
  if ((navigation?.responseStatus ?? 0) > 399) footfall.track("engagement", { action: "not_found", label: scrub(location.pathname) });
  if (vitals != "off") watchVitals(footfall, scrub(location.href, hash));
};

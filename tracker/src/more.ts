// What need not be there at once: odd values, further pages, attention, clicks, missing pages, web vitals.
import { watchAttention } from "./attention";
import { watchClicks } from "./clicks";
import { encode } from "./encode";
import type { Footfall } from "./footfall";
import { keepWaiting } from "./keeping";
import { watchPages } from "./pages";
import { watchVitals } from "./vitals";
import { answerWhoami } from "./whoami";

export const watchMore = (footfall: Footfall): void => {
  const { track } = footfall;
  const page_url = footfall.common_.page_url as string;
  // what was consented is said once on a page: it holds for all of the visit
  footfall.encode_ = (event) => {
    if ((event as { consent?: unknown }).consent == footfall.common_.consent) footfall.common_.consent = undefined;
    return encode(event);
  };
  keepWaiting(footfall);
  footfall.leave = watchAttention(footfall);
  watchPages(footfall);
  watchClicks(footfall);
  answerWhoami(footfall);
  // newer browsers know with which status the page was answered
  const [navigation] = performance.getEntriesByType("navigation") as { responseStatus?: number }[];
  if ((navigation?.responseStatus ?? 0) > 399) track("engagement", { action: "not_found", label: location.pathname });
  if (footfall.options_.vitals != "off") watchVitals(footfall, page_url);
};

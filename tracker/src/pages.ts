// Views of pages, single-page applications included.
import type { Footfall } from "./footfall";

const TITLES_COME = 150; // milliseconds after the address, at most

/** When a page becomes another one, or comes back. */
export const watchPages = (footfall: Footfall): void => {
  // the view whose title has yet to come
  let finish: (() => void) | undefined | 0;
  const page = () => finish && finish();

  const view = (isReplaced?: unknown) => {
    const title = document.title;
    page();
    setTimeout(() => {
      const url = footfall.address_();
      if (url == footfall.common_.page_url) return;
      // what is written into the query of the same page, letter by letter, makes no view
      const [before, now] = [footfall.common_.page_url as string, url].map((address) => address.replace(/\?[^#]*/g, ""));
      if (isReplaced && before == now) return (footfall.common_.page_url = url);
      footfall.leave!();
      footfall.move_();
      const event_timestamp = new Date().toISOString();
      const mine = (finish = () => {
        finish = 0;
        footfall.track("page_view", { event_timestamp } as object);
      });
      const look = (rest: number) => {
        if (finish == mine) rest > 0 && document.title == title ? setTimeout(look, 30, rest - 30) : mine();
      };
      look(TITLES_COME);
    });
  };
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = function () {
      original.apply(this, arguments as never);
      view(name == "replaceState");
    };
  }
  addEventListener("popstate", () => view());
  view(true); // what became of the page meanwhile
  document.addEventListener("prerenderingchange", () => footfall.page());
  // in the capture phase: before the queue sends what waits
  for (const name of ["pagehide", "visibilitychange"]) addEventListener(name, page, true);
  addEventListener("pageshow", (event) => {
    if (event.persisted) {
      footfall.leave!();
      footfall.page();
    }
  });
};

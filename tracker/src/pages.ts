// Views of pages, single-page applications included.
import type { Footfall } from "./footfall";
import type { Inside } from "./tracker";

/** When a page becomes another one, or comes back. */
export const watchPages = (tracker: Inside, footfall: Footfall): void => {
  // titles are often set just after the address
  const view = () =>
    setTimeout(() => {
      if (tracker.address_() != tracker.url_) {
        footfall.leave?.();
        tracker.page();
      }
    });
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = function () {
      original.apply(this, arguments as never);
      view();
    };
  }
  addEventListener("popstate", view);
  addEventListener("pageshow", (event) => {
    if (event.persisted) {
      footfall.leave?.();
      tracker.page();
    }
  });
};

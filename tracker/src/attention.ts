// How long and how far a view was read.
import type { Footfall } from "./footfall";

/** Seconds of attention and percent scrolled, told when the view is left or hidden; both grow within a view. Returns what is to be called
 * when a view is about to become another one. */
export const watchAttention = (footfall: Footfall): (() => void) => {
  let attended = 0;
  let since = 0;
  let depth = 0;
  let told = "";

  const look = () => {
    const now = Date.now();
    if (since) attended += now - since;
    since = document.visibilityState == "visible" && document.hasFocus() ? now : 0;
    depth = Math.max(depth, Math.min(100, Math.round(((scrollY + innerHeight) / document.documentElement.scrollHeight) * 100)));
  };
  const tell = () => {
    look();
    const details = { action: "attention", time_on_page: Math.round(attended / 1000), scroll_depth: depth };
    if (told != (told = JSON.stringify(details))) footfall.track("engagement", details);
  };
  for (const name of ["focus", "blur", "scroll"]) addEventListener(name, look, { passive: true });
  // in the capture phase: before the queue sends what waits
  document.addEventListener("visibilitychange", () => (document.hidden ? tell() : look()), true);
  // some browsers hide a page after that, a moment later: told is what was seen until now
  addEventListener("pagehide", () => (tell(), (since = 0)), true);
  look();
  return () => {
    tell();
    attended = depth = 0;
    told = "";
  };
};

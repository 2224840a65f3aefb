// The core web vitals of the first view, told when it is hidden or left, whatever view is shown by then.
import { onCLS, onFCP, onINP, onLCP, onTTFB } from "web-vitals";
import type { Footfall } from "./footfall";

export const watchVitals = ({ track }: Footfall, page_url: string): void => {
  const vitals: Record<string, number> = {};
  let told = "{}";
  const tell = () => {
    if (told != (told = JSON.stringify(vitals))) track("engagement", { action: "web_vitals", page_url, properties: { ...vitals } });
  };
  for (const watch of [onCLS, onFCP, onINP, onLCP, onTTFB]) {
    watch(({ name, value }) => {
      // milliseconds, but for CLS, which has no unit
      vitals[name.toLowerCase()] = name == "CLS" ? Math.round(value * 1000) / 1000 : Math.round(value);
      // the last words of a page that is being hidden
      if (document.hidden) setTimeout(tell);
    });
  }
  document.addEventListener("visibilitychange", () => document.hidden && tell(), true);
  addEventListener("pagehide", tell, true);
};

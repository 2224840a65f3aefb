// What every build knows of an event: its id, its keys, where it goes, and when there is none.
import type { Details, WireEvent } from "./events";

/** Old browsers, insecure pages and patched ones have no generator of their own. */
export const randomId = (): string => self.crypto?.randomUUID?.() || Math.random() + "" + Math.random();

/** Why nothing is sent: a short word for the console, or an empty one. */
export const refusalOf = (local?: unknown): string =>
  (navigator.doNotTrack as never) > 0 || (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl
    ? "dnt"
    : local == null && (navigator.webdriver || /^$|^127\.|::1|preview|-git-|\b(local(host)?|test)$/.test(location.hostname))
      ? "local"
      : "";

/** An event of now, with what is true of all events of the page. */
export const eventOf = (evt_type: string, common: object, details?: Details): WireEvent => {
  const event: WireEvent = {
    evt_type,
    event_id: randomId(),
    event_timestamp: new Date().toISOString(),
    page_title: document.title,
    ...common,
  };
  for (const name in details) event[(/^(cat|act|lab|val)/.test(name) ? "evt_" : "") + name] = details[name as keyof Details];
  return event;
};

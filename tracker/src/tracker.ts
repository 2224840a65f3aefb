// An event from the call to the queue: made with its id and time, stripped of what is personal, held back where it must not be sent.
// Names that end in `_` are the tracker's own: the build shortens them.
import { scrub } from "./address";
import type { Details, Options, WireEvent } from "./events";
import { createQueue, type Queue } from "./queue";

export interface Core {
  /** Send an event of a type that Footfall or the tenant knows. */
  track(type: string, details?: Details): void;
  /** Send a view of the page as it is now. */
  page(details?: Details): void;
}

/** What the parts of the tracker know of each other. */
export interface Inside extends Core {
  queue_: Queue;
  /** The event that is to be sent instead of one, or why none is: a short word for the console. */
  accept_(event: WireEvent): WireEvent | string;
  /** Keys that every event gets. */
  common_: Record<string, unknown>;
  /** Why nothing is sent at all. */
  refusal_: string;
  /** The address of the page now, and of the view that events belong to. */
  address_(): string;
  url_: string;
}

/** Set by the build: false in the core script, which leaves out what only the whole tracker says and knows. */
declare const WHOLE: boolean;

export const randomId = (): string => crypto.getRandomValues(new Uint32Array(4)).join("-");

/** The part that every build has. */
export const createTracker = (options: Options): Inside => {
  const say = (reason: string, about?: unknown) => WHOLE && options.debug && console.info("footfall", reason, about);
  const address = () => scrub(location.href, options.hash);
  const refusal =
    navigator.doNotTrack == "1" || (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl
      ? "dnt"
      : options.local == null && (navigator.webdriver || /^$|^127\.|::1|preview|-git-|\b(local(host)?|test)$/.test(location.hostname))
        ? "local"
        : "";
  let referrer = scrub(document.referrer);

  const tracker = {
    queue_: createQueue(options.host + "/api/tracking/events?key=" + options.key, say),
    url_: address(),
    track(type: string, details?: Details) {
      const made: WireEvent = {
        evt_type: type,
        event_id: randomId(),
        event_timestamp: new Date(),
        page_url: tracker.url_,
        page_title: document.title,
        page_referrer: referrer,
        ...(WHOLE && tracker.common_),
      };
      for (const name in details) made[(/^(cat|act|lab|val)/.test(name) ? "evt_" : "") + name] = details[name as keyof Details];
      if (!WHOLE) return refusal || tracker.queue_.add_(made);
      const event = refusal || tracker.accept_(made);
      say("event", event);
      if ((event as WireEvent).evt_type) tracker.queue_.add_(event as WireEvent);
    },
    page(details?: Details) {
      // within a single-page application the page before is the referrer
      const url = address();
      if (WHOLE && url != tracker.url_) referrer = tracker.url_;
      tracker.url_ = url;
      tracker.track("page_view", details);
    },
  } as Inside;
  if (WHOLE) {
    tracker.queue_.held_ = !!options.consent;
    tracker.refusal_ = refusal;
    tracker.address_ = address;
    tracker.common_ = {
      screen_resolution: screen.width + "x" + screen.height,
      viewport_width: innerWidth,
      viewport_height: innerHeight,
      language: navigator.language,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    };
  }
  return tracker;
};

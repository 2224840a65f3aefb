// An event from the call to the queue: shown to the site's own hook, held back where it must not be sent, made text.
// Names that end in `_` are the tracker's own: the build shortens them.
import { eventOf, refusalOf } from "./event";
import type { Details, Options } from "./events";
import { createQueue, type Queue } from "./queue";
import { scrub } from "./scrub";

const MOST_BYTES = 32e3; // the server's limit is a little higher

export interface Core {
  /** Send an event of a type that Footfall or the tenant knows. */
  track(type: string, details?: Details): void;
  /** Send a view of the page as it is now. */
  page(details?: Details): void;
}

/** What the parts of the tracker know of each other. */
export interface Tracker extends Core {
  options_: Options;
  queue_: Queue;
  /** Why nothing is sent: a short word for the console, or an empty one. */
  refusal_(): string | null | undefined;
  /** Keys that every event gets: of the view that events belong to, and of the browser. */
  common_: Record<string, unknown>;
  /** The address of the page as it is now. */
  address_(): string;
  /** From now on events belong to the page as it is now. */
  move_(): void;
  /** JSON text of an event; the part that is loaded later knows how to say more. */
  encode_(event: object): string;
}

export const createTracker = (options: Options): Tracker => {
  const say = (reason: string, about?: unknown) => options.debug && console.info("footfall", reason, about);
  const refusal = refusalOf(options.local);
  const address = () => location.href.split(options.hash ? " " : "#")[0];

  const common: Record<string, unknown> = {
    page_url: address(),
    page_referrer: document.referrer,
    screen_resolution: screen.width + "x" + screen.height,
    viewport_width: innerWidth,
    viewport_height: innerHeight,
    language: navigator.language,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    // an iPad says that it is a Mac
    device_type: navigator.maxTouchPoints > 1 && /Maci/.test(navigator.userAgent) ? "tablet" : undefined,
    page_hash: options.hash,
  };

  // async, so that nothing is ever thrown into the page
  const take = async (type: string, details?: Details) => {
    let event: any;
    try {
      event = eventOf(type, tracker.common_, details);
      event = tracker.refusal_() || (options.beforeSend ? options.beforeSend(event) : event);
      // without a promise there is no wait: the page may be about to be left
      if (event?.then) event = await event;
      if (event?.evt_type) {
        event = scrub(tracker.encode_(event));
        if (new Blob([event]).size > MOST_BYTES) throw event;
        tracker.queue_.add_(event);
      }
    } catch (error) {
      event = error;
    }
    say("event", event || "before-send");
  };

  const tracker: Tracker = {
    options_: options,
    queue_: createQueue(options, say),
    track(type, details) {
      take(type, details);
    },
    page(details) {
      tracker.move_();
      take("page_view", details);
    },
    address_: address,
    move_() {
      // within a single-page application the page before is the referrer
      if (address() != common.page_url) common.page_referrer = common.page_url;
      common.page_url = address();
    },
    refusal_: () => refusal,
    encode_: JSON.stringify,
    common_: common,
  };
  return tracker;
};

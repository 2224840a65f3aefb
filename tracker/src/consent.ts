// What a visitor allows: a first-party id that is kept in the browser, or nothing at all.
import { randomId } from "./event";
import type { Tracker } from "./tracker";

export const KEY = "footfall";
const OUT = "footfall-out";

/** Reads; with a text, writes; with an empty one, or false, deletes. Storage that is blocked or full remembers nothing. */
export const stored = (key: string, text?: string): string | null | undefined => {
  try {
    if (text) localStorage[key] = text;
    else if (text == "") localStorage.removeItem(key);
    return localStorage.getItem(key);
  } catch {
    // the page's memory has to do
  }
};

/** The id of a visitor who consented. */
export const keptId = (): string | undefined => /^\["([^"]+)"/.exec(stored(KEY)!)?.[1];

/** What was put to the visitor, for the record. */
export interface ConsentDetails {
  /** What it is for, in the site's own words: at most 20 of at most 50 characters. */
  purposes?: string[];
  /** Which version of the text: at most 100 characters. */
  version?: string;
  /** When the visitor said so, if that was before now: ISO 8601. */
  at?: string;
}

export interface Consent {
  /** `true`: a visitor id and unsent events are kept in this browser; `false`: what was kept is deleted. */
  consent(given: boolean, about?: ConsentDetails): void;
  /** Never track this browser again; `false` takes that back. */
  optOut(out?: boolean): void;
  /** The site's own opaque id of a person who signed in; without one: signed out. */
  identify(id?: string): void;
}

export const watchConsent = (tracker: Tracker): Consent => {
  const { queue_: queue, common_: common, refusal_: refusal } = tracker;
  let out: string | false | undefined;

  const consent = (given: boolean, about: ConsentDetails | boolean = given) => {
    common.consent = given && about;
    if (given && !refusal()) {
      if (!common.visitor_id) {
        const id = (common.visitor_id = keptId() || randomId());
        keptId() || stored(KEY, `["${id}"]`);
        queue.events_ = queue.events_.map((event) => `{"visitor_id":"${id}",` + event.slice(1));
      }
      queue.held_ = 0;
      queue.flush_();
    } else {
      stored(KEY, "");
      queue.held_ = tracker.options_.consent;
      queue.events_ = [];
      common.visitor_id = undefined;
    }
  };
  queue.held_ = tracker.options_.consent;
  keptId() && consent(true);
  tracker.refusal_ = () => refusal() || out || stored(OUT);
  return {
    consent,
    optOut(isOut = true) {
      out = isOut && "opt-out";
      stored(OUT, out as string);
      if (out) consent(false);
    },
    identify: (id) => (common.user_id = id),
  };
};

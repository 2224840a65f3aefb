// What a visitor allows: a first-party id and a queue that outlives the page, or nothing at all.
import type { Options } from "./events";
import { randomId, type Inside } from "./tracker";

const OUT = "footfall-out";

/** Reads; with a text, writes; with an empty one, deletes. Storage that is blocked remembers nothing. */
const stored = (key: string, text?: string): string | null | undefined => {
  try {
    if (text) localStorage.setItem(key, text);
    else if (text == "") localStorage.removeItem(key);
    else return localStorage.getItem(key);
  } catch {
    // the page's memory has to do
  }
};

export interface Consent {
  /** `true`: a visitor id and unsent events are kept in this browser; `false`: what was kept is deleted. */
  consent(given: boolean): void;
  /** Never track this browser again; `false` takes that back. */
  optOut(out?: boolean): void;
  /** The site's own opaque id of a person who signed in; without one: signed out. */
  identify(id?: string): void;
}

export const watchConsent = (tracker: Inside, options: Options): Consent => {
  const { queue_: queue, common_: common } = tracker;
  const key = "footfall";

  const consent = (given: boolean) => {
    if (given && !tracker.refusal_) {
      const [visitor, ...unsent] = JSON.parse(stored(key) || "[0]");
      common.visitor_id ||= visitor || randomId();
      queue.events_.forEach((event) => (event.visitor_id = common.visitor_id));
      if (!queue.changed_) queue.events_.unshift(...unsent);
      queue.changed_ = () => stored(key, JSON.stringify([common.visitor_id, ...queue.events_]));
      queue.changed_();
      queue.held_ = false;
      queue.flush_();
    } else {
      queue.changed_ = common.visitor_id = undefined;
      queue.events_ = [];
      queue.held_ = options.consent == "required";
      stored(key, "");
    }
  };
  if (stored(key)) consent(true);
  tracker.accept_ = (event) => (stored(OUT) ? "opt-out" : options.beforeSend ? options.beforeSend(event) || "before-send" : event);
  return {
    consent,
    optOut(out = true) {
      if (out) consent(false);
      stored(OUT, out ? "1" : "");
    },
    identify: (id) => (common.user_id = id),
  };
};

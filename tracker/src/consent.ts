// What a visitor allows: a first-party id and a queue that outlives the page, or nothing at all.
import type { Options, WireEvent } from "./events";
import { randomId, type Inside } from "./tracker";

const KEY = "footfall";
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

/** What is kept of a visitor who consented: the id, and what was not acknowledged. */
const kept = (): [string?, ...WireEvent[]] => {
  try {
    return JSON.parse(stored(KEY)!) || [];
  } catch {
    return [];
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
  let isOut: unknown;

  const consent = (given: boolean) => {
    if (given && !tracker.refusal_) {
      const [visitor, ...unsent] = kept();
      common.visitor_id ||= visitor || randomId();
      queue.events_.forEach((event) => (event.visitor_id = common.visitor_id));
      if (!queue.changed_) queue.events_.unshift(...unsent);
      queue.changed_ = () => stored(KEY, JSON.stringify([common.visitor_id, ...queue.events_]));
      queue.changed_();
      queue.held_ = false;
      queue.flush_();
    } else {
      queue.changed_ = common.visitor_id = undefined;
      queue.events_ = [];
      queue.held_ = !!options.consent;
      stored(KEY, "");
    }
  };
  if (kept()[0]) consent(true);
  // another tab took it back
  addEventListener("storage", ({ key, newValue }) => key == KEY && !newValue && consent(false));
  tracker.accept_ = (event) => (isOut || stored(OUT) ? "opt-out" : options.beforeSend ? options.beforeSend(event) || "before-send" : event);
  return {
    consent,
    optOut(out = true) {
      if ((isOut = out)) consent(false);
      stored(OUT, out ? "1" : "");
    },
    identify: (id) => (common.user_id = id),
  };
};

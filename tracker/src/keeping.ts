// What waits of a visitor who consented outlives the page, and all tabs of the browser are asked once.
import { KEY, keptId, stored } from "./consent";
import type { WireEvent } from "./events";
import type { Footfall } from "./footfall";

/** The events that no tab's server has acknowledged. */
const kept = (): WireEvent[] => {
  try {
    return JSON.parse(stored(KEY)!).slice(1);
  } catch {
    return [];
  }
};

/** Tabs keep in one place what they have not sent: each adds and takes away its own. */
export const keepWaiting = (footfall: Footfall): void => {
  const { queue_: queue, encode_: encode, refusal_: refusal, common_: common, consent } = footfall;
  let id = keptId();
  if (id) queue.events_ = [...kept().map(encode), ...queue.events_];
  queue.changed_ = (done) => {
    if (!keptId()) return;
    const waiting = new Set([...kept().map(encode), ...queue.events_]);
    for (const event of done) waiting.delete(event);
    stored(KEY, `[${[`"${keptId()}"`, ...waiting]}]`);
  };
  queue.changed_([]);

  // what another tab was told counts here too, from the next event on
  const look = () => {
    if (id == (id = keptId())) return;
    // whoever changed it has said what was consented
    const said = common.consent;
    consent(!!id);
    common.consent = id && said;
  };
  footfall.refusal_ = () => {
    look();
    return refusal();
  };
  addEventListener("storage", look);

  // the way is open again, or may soon be closed: what waits need not
  const flush = () => queue.flush_();
  flush();
  addEventListener("online", flush);
  document.addEventListener("visibilitychange", flush);
};

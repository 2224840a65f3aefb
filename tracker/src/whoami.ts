// A code that a visitor can read out: whoever is asked about their data finds by it what is held.
import { randomId } from "./event";
import type { Footfall } from "./footfall";

/**
 * The code is the id of an event of its own, with the time in front. That event is of the visitor's visit, whoever they are known as, with
 * consent or without: so it leads to them, and nothing has to be kept in the browser. One a page.
 */
export const answerWhoami = (footfall: Footfall): void => {
  let code = "";
  footfall.whoami = () => {
    // of whom nothing is sent nothing is held
    if (footfall.refusal_() || footfall.queue_.held_) return "";
    if (!code) {
      const now = new Date();
      code = (+now).toString(36) + "-" + randomId().replace(/\W|0\./g, "").slice(0, 8);
      footfall.track("engagement", { action: "whoami", event_id: code, event_timestamp: now.toISOString() } as object);
      footfall.queue_.flush_();
    }
    return code;
  };
};

// `/footfall-core.js`: page views, custom events and retries, and nothing else. Each event is a request of its own.
import { elementOf } from "./element";
import { eventOf, refusalOf } from "./event";
import type { Details, Options } from "./events";
import { scrub } from "./scrub";
import type { Core } from "./tracker";

const global = window as { footfall?: Core };
if (!global.footfall) {
  const { dataset, src } = elementOf();
  const options = { host: new URL(src).origin, ...dataset } as unknown as Options;
  const url = options.host + "/api/tracking/events?key=" + options.key;
  const send = async (event: string, failures = 0): Promise<unknown> => {
    try {
      const body = `[{"sent_at":"${new Date().toISOString()}",${event.slice(1)}]`;
      // browsers keep no more than 64 KiB alive beyond their page
      const reply = await fetch(url, { method: "POST", body, keepalive: body.length < 2e4, credentials: "omit" });
      if (reply.status < 500 && reply.status != 429) return;
    } catch {
      // the network's fault: what it was, the browser says by itself
    }
    return setTimeout(send, 500 * 2 ** (Math.min(failures, 8) + Math.random()), event, failures + 1);
  };
  const track = (type: string, details?: Details) => {
    try {
      if (!refusalOf(options.local)) void send(scrub(JSON.stringify(eventOf(type, { page_url: location.href.split("#")[0], page_referrer: document.referrer }, details))));
    } catch {
      // what cannot be said is not sent
    }
  };
  global.footfall = { track, page: (details) => track("page_view", details) };
  track("page_view");
}

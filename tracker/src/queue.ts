// From an event to the server's acknowledgement: batches, sent again with the same ids until committed or refused for good.
// Names that end in `_` are the tracker's own: the build shortens them.
import type { Options } from "./events";

const MOST_WAITING = 200;
const BATCH = 25;
const MOST_BYTES = 6e4; // browsers allow 64 KiB to requests that outlive their page
const GATHER = 200; // milliseconds

export interface Queue {
  /** An event as JSON text. */
  add_(event: string): void;
  /** Send what waits; leaving, the page will not hear the answer. */
  flush_(isLeaving?: boolean): void;
  /** What is not acknowledged yet, the oldest first. */
  events_: string[];
  /** Nothing goes out while this is true. */
  held_?: unknown;
  /** Told whenever `events_` changed, with those that are done; it keeps what waits for the next page. */
  changed_?: (done: string[]) => void;
}

export const createQueue = ({ host, key }: Options, say: (reason: string, about?: unknown) => void): Queue => {
  const url = host + "/api/tracking/events?key=" + key;
  let timer: unknown;
  let failures = 0;
  let closed = 0; // a request is under way, or the server asked to be left alone

  const later = (milliseconds: number) => {
    timer = setTimeout(() => {
      timer = closed = 0;
      queue.flush_();
    }, milliseconds);
  };
  const drop = (done: string[]) => {
    queue.events_ = queue.events_.filter((event) => !done.includes(event));
    queue.changed_?.(done);
  };

  const queue: Queue = {
    events_: [],
    add_(event) {
      // the oldest give way, but for the first, which tells where the visitor came from
      drop(queue.events_.push(event) > MOST_WAITING ? [queue.events_[1]] : []);
      closed || timer || later(GATHER);
    },
    async flush_(isLeaving) {
      if (!queue.events_[0] || queue.held_ || (closed && !isLeaving)) return;
      let batch: string[];
      let body: string;
      let most = BATCH;
      do {
        batch = queue.events_.slice(0, most--);
        body = `[${batch.map((event) => `{"sent_at":"${new Date().toISOString()}",` + event.slice(1))}]`;
      } while (new Blob([body]).size > MOST_BYTES);
      let pause = 500 * 2 ** (Math.min(failures, 8) + Math.random());
      try {
        if (isLeaving && navigator.sendBeacon?.(url, body)) {
          // a beacon's answer is heard by nobody: after failures, what is stored stays for the next page to send
          if (failures && queue.changed_) return;
          drop(batch);
          return queue.flush_(isLeaving);
        }
        clearTimeout(timer as number);
        closed = 1;
        failures++;
        // a body of text needs no preflight
        const reply = await fetch(url, { method: "POST", body, keepalive: true, credentials: "omit" });
        if (reply.status > 499 || reply.status == 429) {
          pause = 1000 * (reply.headers.get("retry-after") as never) || pause;
        } else {
          if (!reply.ok) say("refused", reply.headers.get("x-footfall-reason"));
          failures = pause = closed = 0;
          drop(batch);
        }
      } catch {
        // the network's fault: what it was, the browser says by itself
        closed = 0;
      }
      if (pause) say("waits", pause);
      later(pause);
    },
  };
  // what is not acknowledged goes along once more, under its ids
  addEventListener("pagehide", () => queue.flush_(true));
  return queue;
};

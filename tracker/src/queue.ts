// From an event to the server's acknowledgement: batches, sent again with the same ids until committed or refused for good.
// Names that end in `_` are the tracker's own: the build shortens them.
import type { WireEvent } from "./events";

const MOST_WAITING = 200; // the oldest give way
const BATCH = 25; // stays under the 64 KiB that browsers allow to requests that outlive their page
const GATHER = 200; // milliseconds

declare const WHOLE: boolean; // see tracker.ts

export interface Queue {
  add_(event: WireEvent): void;
  /** Send what waits; `true`: the page is left and will not hear the answer. */
  flush_(leaving?: unknown): void;
  /** What is not acknowledged yet, the oldest first. */
  events_: WireEvent[];
  /** Nothing goes out while this is true. */
  held_?: boolean;
  /** Told whenever `events_` changed. */
  changed_?: () => void;
}

export const createQueue = (url: string, say: (reason: string, about?: unknown) => void): Queue => {
  let timer: unknown;
  let sending = 0;
  let failures = 0;
  let closed = 0; // until when the server asked to be left alone

  const later = (milliseconds: number) => {
    timer = setTimeout(queue.flush_, milliseconds);
  };

  const queue: Queue = {
    events_: [],
    add_(event) {
      if (queue.events_.push(event) > MOST_WAITING) queue.events_.shift();
      if (WHOLE) queue.changed_?.();
      failures || timer || later(GATHER);
    },
    async flush_(leaving) {
      const batch = queue.events_.slice(0, BATCH);
      const drop = () => {
        queue.events_ = queue.events_.filter((event) => !batch.includes(event));
        if (WHOLE) queue.changed_?.();
      };
      const isLeaving = leaving === true;
      timer = clearTimeout(timer as number);
      if (!batch[0] || (WHOLE && queue.held_) || (sending && !isLeaving)) return;
      if (WHOLE && !isLeaving && Date.now() < closed) return later(closed - Date.now());
      for (const event of batch) event.sent_at = new Date();
      const body = JSON.stringify(batch);
      if (isLeaving && navigator.sendBeacon(url, body)) {
        // a beacon's answer is heard by nobody: after failures, what is stored stays for the next page to send
        if (WHOLE && failures && queue.changed_) return;
        drop();
        return queue.flush_(true);
      }
      sending = 1;
      let pause = Math.min(2 ** failures++, 300) * (500 + Math.random() * 500);
      try {
        // a body of text needs no preflight
        const reply = await fetch(url, { method: "POST", body, keepalive: body.length < 6e4, credentials: "omit" });
        if (reply.status > 499 || reply.status == 429) {
          pause = 1000 * (reply.headers.get("retry-after") as never) || pause;
          if (WHOLE) closed = Date.now() + pause;
        } else {
          if (WHOLE && !reply.ok) say("refused", reply.headers.get("x-footfall-reason"));
          failures = pause = 0;
          drop();
        }
      } catch {
        // the network's fault: what it was, the browser says by itself
      }
      if (WHOLE && pause) say("waits", pause);
      sending = 0;
      if (queue.events_[0]) later(pause);
    },
  };

  // the way is open again, or may soon be closed: what waits need not
  if (WHOLE) {
    addEventListener("online", queue.flush_);
    document.addEventListener("visibilitychange", queue.flush_);
  }
  // what is not acknowledged goes along once more, under its ids
  addEventListener("pagehide", () => queue.flush_(true));
  return queue;
};

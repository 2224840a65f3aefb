// The live stream of events: one for the page, however many look; open while the page is looked at, resumed where it broke off.
import { useEffect, useRef } from "preact/hooks";
import { addressOf, call } from "./server";

export interface LiveEvent {
  event: string;
  session: string;
  time: string;
  type: string;
  action?: string;
  label?: string;
  value?: number;
  currency?: string;
  page?: string;
  source?: string;
  device?: string;
  country?: string;
}

const PAUSE = 5000; // milliseconds, after the server would not

const listeners = new Set<(event: LiveEvent) => void>();
let stream: EventSource | undefined;
let tenantNow = "";
let timer: ReturnType<typeof setTimeout>;

/** Opens what is wanted, closes what is not. */
const adjust = (): void => {
  clearTimeout(timer);
  const isWanted = listeners.size > 0 && !document.hidden;
  if (isWanted === Boolean(stream)) return;
  stream?.close();
  stream = undefined;
  if (!isWanted) return;
  stream = new EventSource(addressOf("/api/analytics/realtime/stream", {}, tenantNow));
  stream.addEventListener("event", (message) => listeners.forEach((heard) => heard(JSON.parse((message as MessageEvent<string>).data))));
  // a stream that ends is resumed by the browser; one that was refused is not: perhaps the sign-in has ended, then asking waits
  stream.addEventListener("error", async () => {
    if (stream?.readyState !== EventSource.CLOSED) return;
    stream = undefined;
    await call("GET", "/api/session").catch(() => {});
    clearTimeout(timer);
    timer = setTimeout(adjust, PAUSE);
  });
};
document.addEventListener("visibilitychange", adjust);

/** Calls `heard` with each event of a tenant as it is loaded. */
export const useStream = (tenant: string, heard: (event: LiveEvent) => void): void => {
  const latest = useRef(heard);
  latest.current = heard;
  useEffect(() => {
    const listener = (event: LiveEvent) => latest.current(event);
    if (tenant !== tenantNow) {
      stream?.close();
      stream = undefined;
      tenantNow = tenant;
    }
    listeners.add(listener);
    adjust();
    return () => {
      listeners.delete(listener);
      adjust();
    };
  }, [tenant]);
};

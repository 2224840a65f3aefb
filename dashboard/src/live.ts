// The live stream of events: server-sent, resumed by the browser where it broke off.
import { useEffect, useRef } from "preact/hooks";
import { addressOf } from "./server";

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

/** Calls `heard` with each event of a tenant as it is loaded. */
export const useStream = (tenant: string, heard: (event: LiveEvent) => void, isWanted = true): void => {
  const latest = useRef(heard);
  latest.current = heard;
  useEffect(() => {
    if (!isWanted) return;
    const stream = new EventSource(addressOf("/api/analytics/realtime/stream", {}, tenant));
    stream.addEventListener("event", (message) => latest.current(JSON.parse((message as MessageEvent<string>).data)));
    return () => stream.close();
  }, [tenant, isWanted]);
};

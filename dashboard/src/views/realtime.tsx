// Now: who is there, what they look at, and every event as it is loaded.
import { useState } from "preact/hooks";
import { hrefOf } from "../address";
import { clock, count, money, named } from "../format";
import { useStream, type LiveEvent } from "../live";
import { Loading, Nothing, Problem } from "../parts/notices";
import { Table } from "../parts/table";
import { useAnswers } from "../questions";
import { useRounds } from "../rounds";
import { useSite } from "../site";

const MOST = 60;

export const Realtime = () => {
  const { tenant, filter } = useSite();
  const [heard, hear] = useState<LiveEvent[]>([]);
  const round = useRounds("9999", tenant.timeZone, 5);
  const { answers, error } = useAnswers(tenant.tenant, [{ report: "realtime", filter, limit: 20 }], round);
  useStream(tenant.tenant, (event) => hear((before) => [event, ...before].slice(0, MOST)));
  const now = answers[0];
  const seen = new Set(heard.map(({ event }) => event));
  const events = [...heard, ...((now?.events ?? []) as LiveEvent[]).filter(({ event }) => !seen.has(event))].sort((one, other) => other.time.localeCompare(one.time)).slice(0, MOST);
  if (!now) return error ? <Problem error={error} /> : <Loading lines={12} />;
  const most = Math.max(1, ...now.minutes.map(({ page_views }: { page_views: number }) => page_views));
  return (
    <>
      <Problem error={error} />
      <ul class="cards few" aria-label="Now">
        <li class="card">
          <span class="label">Visitors, last 5 minutes</span>
          <span class="value live">{count(now.visitors_5_minutes)}</span>
        </li>
        <li class="card">
          <span class="label">Visitors, last 30 minutes</span>
          <span class="value">{count(now.visitors_30_minutes)}</span>
        </li>
        <li class="card wide">
          <span class="label">Page views by the minute</span>
          <div class="minutes" role="img" aria-label={`Page views of the last 30 minutes, at most ${most} a minute`}>
            {now.minutes.map(({ start, page_views }: { start: string; page_views: number }) => (
              <i key={start} style={{ height: `${(100 * page_views) / most}%` }} title={`${start.slice(11, 16)}: ${page_views}`} />
            ))}
          </div>
        </li>
      </ul>
      <div class="panels">
        <section class="panel tall">
          <header>
            <h2>Events as they are loaded</h2>
          </header>
          {events.length ? (
            <ol class="stream" aria-live="off">
              {events.map((event) => (
                <li key={event.event} class={`kind-${event.type}`}>
                  <time>{clock(event.time, false)}</time>
                  <span class="what">
                    <b>{event.label ?? event.action ?? event.type}</b> {event.value != null && event.currency && <em>{money(event.value, event.currency)}</em>} <span class="where">{event.page && named("page", event.page)}</span>
                    <span class="from">{[event.type.replaceAll("_", " "), event.source, event.device, event.country && named("country", event.country)].filter(Boolean).join(" · ")}</span>
                  </span>
                  <a data-own href={hrefOf({ session: event.session }, "sessions")} aria-label={`The visit of ${event.label ?? event.type} at ${clock(event.time, false)}`}>
                    visit
                  </a>
                </li>
              ))}
            </ol>
          ) : (
            <Nothing>Nothing in the last half hour. Events appear here within a second or two of being sent.</Nothing>
          )}
        </section>
        <div class="stack">
          <section class="panel">
            <header>
              <h2>Pages</h2>
            </header>
            <Table
              caption="Pages looked at in the last 30 minutes"
              rows={now.pages as { value: string; visitors: number; page_views: number }[]}
              columns={[
                { label: "Page", value: ({ value }) => named("page", value) },
                { label: "Visitors", isNumber: true, value: ({ visitors }) => count(visitors) },
                { label: "Views", isNumber: true, value: ({ page_views }) => count(page_views) },
              ]}
            />
          </section>
          <section class="panel">
            <header>
              <h2>Sources</h2>
            </header>
            <Table
              caption="Where the visits of the last 30 minutes came from"
              rows={now.sources as { value: string; visits: number }[]}
              columns={[
                { label: "Source", value: ({ value }) => value },
                { label: "Visits", isNumber: true, value: ({ visits }) => count(visits) },
              ]}
            />
          </section>
        </div>
      </div>
    </>
  );
};

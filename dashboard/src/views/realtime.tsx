// Now: who is there, what they look at, and every event as it is loaded.
import { useState } from "preact/hooks";
import { hrefOf } from "../address";
import { clock, count, money, named } from "../format";
import { useStream, type LiveEvent } from "../live";
import { Loading, Nothing, Problem } from "../parts/notices";
import { Short } from "../parts/short";
import { Table } from "../parts/table";
import { useAnswers } from "../questions";
import { ALWAYS, useRounds } from "../rounds";
import { useSite } from "../site";
import { actionOf } from "../words";

const MOST = 60;

export const Realtime = () => {
  const { tenant } = useSite();
  const [heard, hear] = useState<LiveEvent[]>([]);
  const round = useRounds(ALWAYS, tenant.timeZone, 5);
  const { answers, error, again } = useAnswers(tenant.tenant, [{ report: "realtime", limit: 20 }], round);
  useStream(tenant.tenant, (event) => hear((before) => [event, ...before].slice(0, MOST)));
  const now = answers[0];
  const seen = new Set(heard.map(({ event }) => event));
  const events = [...heard, ...((now?.events ?? []) as LiveEvent[]).filter(({ event }) => !seen.has(event))].sort((one, other) => other.time.localeCompare(one.time)).slice(0, MOST);
  if (!now) return error ? <Problem error={error} again={again} /> : <Loading lines={12} />;
  const most = Math.max(1, ...now.minutes.map(({ page_views }: { page_views: number }) => page_views));
  return (
    <>
      <Problem error={error} again={again} />
      <ul class="cards few" aria-label="Visitors now">
        <li class="card">
          <span class="label">Last 5 minutes</span>
          <span class="value live">
            {count(now.visitors_5_minutes)} <small>visitors</small>
          </span>
        </li>
        <li class="card">
          <span class="label">Last 30 minutes</span>
          <span class="value">
            {count(now.visitors_30_minutes)} <small>visitors</small>
          </span>
        </li>
        <li class="card wide">
          <span class="label">Page views by the minute</span>
          <div class="minutes" role="img" aria-label={`Page views of the last 30 minutes, at most ${most} a minute`}>
            {now.minutes.map(({ start, page_views }: { start: string; page_views: number }) => (
              <i key={start} style={{ height: `${(100 * page_views) / most}%` }} title={`${start.slice(11, 16)}: ${page_views}`} />
            ))}
          </div>
          <p class="scale">
            <span>30 minutes ago</span>
            <span>now</span>
          </p>
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
                    {event.type === "page_view" ? "" : `${actionOf(event.type, event.action)} `}
                    <b>{event.type === "page_view" ? event.page && named("page", event.page) : (event.label ?? (event.page && named("page", event.page)))}</b>{" "}
                    {event.value != null && event.currency && <em>{money(event.value, event.currency)}</em>}
                    <span class="from">{[event.type !== "page_view" && event.page && named("page", event.page), event.source, event.device, event.country && named("country", event.country)].filter(Boolean).join(" · ")}</span>
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
              share={({ page_views }) => page_views / now.pages[0].page_views}
              columns={[
                { label: "Page", value: ({ value }) => <Short title={value}>{named("page", value)}</Short> },
                { label: "Views", isNumber: true, value: ({ page_views }) => count(page_views) },
                { label: "Visitors", isNumber: true, value: ({ visitors }) => count(visitors) },
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
              share={({ visits }) => visits / now.sources[0].visits}
              columns={[
                { label: "Source", value: ({ value }) => <Short>{value}</Short> },
                { label: "Visits", isNumber: true, value: ({ visits }) => count(visits) },
              ]}
            />
          </section>
        </div>
      </div>
    </>
  );
};

// Visits, the latest first; one visit as what this visitor did, in order; and all visits of a visitor.
import { hrefOf } from "../address";
import { clock, count, day, duration, money, named, percent } from "../format";
import { Bar } from "../parts/bar";
import { Loading, Nothing, Problem } from "../parts/notices";
import { Short } from "../parts/short";
import { Table } from "../parts/table";
import { useAnswers } from "../questions";
import { useSite } from "../site";
import { actionOf } from "../words";

interface Visit {
  session: string;
  visitor: string | null;
  start: string;
  end: string;
  events: number;
  page_views: number;
  duration_seconds: number | null;
  engaged_time: number | null;
  scroll_depth: number | null;
  source: string | null;
  device: string | null;
  browser: string | null;
  os: string | null;
  country: string | null;
  entry_page: string | null;
  exit_page: string | null;
}

interface VisitEvent {
  event: string;
  time: string;
  type: string;
  action?: string;
  label?: string;
  value?: number;
  currency?: string;
  page?: string;
  title?: string;
  item?: string;
  transaction?: string;
  time_on_page?: number;
  scroll_depth?: number;
  is_bot?: boolean;
  properties?: Record<string, unknown>;
}

export const Sessions = () => {
  const { params } = useSite();
  if (params.get("session")) return <OneVisit session={params.get("session")!} />;
  if (params.get("visitor")) return <OneVisitor visitor={params.get("visitor")!} />;
  return <AllVisits />;
};

/** How long a visit lasted; until it is closed, so far. */
const lastedOf = ({ duration_seconds, start, end }: Visit) => (duration_seconds == null ? `${duration((Date.parse(end) - Date.parse(start)) / 1000)} so far` : duration(duration_seconds));

export const Visits = ({ visits }: { visits: Visit[] }) => (
  <Table
    caption="Visits, the latest first"
    rows={visits}
    keyOf={({ session }) => session}
    columns={[
      {
        label: "Began",
        value: ({ session, start }) => (
          <a data-own href={hrefOf({ session, visitor: undefined }, "sessions")}>
            {clock(start)}
          </a>
        ),
      },
      { label: "Source", value: ({ source }) => source },
      { label: "Duration", isNumber: true, value: (visit) => lastedOf(visit) },
      { label: "Engaged", isNumber: true, value: ({ engaged_time }) => (engaged_time == null ? "–" : duration(engaged_time)) },
      { label: "Views", isNumber: true, value: ({ page_views }) => count(page_views) },
      { label: "Events", isNumber: true, value: ({ events }) => count(events) },
      { label: "Device", value: ({ device, browser, visitor }) => [device, browser].filter(Boolean).join(", ") || (visitor ? "" : <i class="muted">not tracked</i>) },
      { label: "Country", value: ({ country }) => country && named("country", country) },
      { label: "Entry page", value: ({ entry_page }) => entry_page && <Short title={entry_page}>{named("page", entry_page)}</Short> },
    ]}
  />
);

const AllVisits = () => {
  const { tenant, about, params } = useSite();
  const page = params.get("cursor") ?? "0";
  const cursor = parseInt(page); // rows that were before
  const { answers, error, isLoading, again } = useAnswers(tenant.tenant, [{ report: "sessions", ...about, limit: 50, cursor: page }]);
  const answer = answers[0];
  return (
    <>
      <Bar />
      <Problem error={error} again={again} />
      <section class="panel wide" aria-busy={isLoading}>
        <header>
          <h2>Visits</h2>
        </header>
        {answer ? <Visits visits={answer.sessions} /> : <Loading lines={14} />}
        <nav class="pages" aria-label="More visits">
          {cursor > 0 && (
            <a data-own href={hrefOf({ cursor: cursor > 50 ? String(cursor - 50) : undefined })}>
              ← Later
            </a>
          )}
          {answer?.nextCursor && (
            <a data-own href={hrefOf({ cursor: String(answer.nextCursor) })}>
              Earlier →
            </a>
          )}
        </nav>
      </section>
    </>
  );
};

const OneVisit = ({ session }: { session: string }) => {
  const { tenant } = useSite();
  const { answers, error, again } = useAnswers(tenant.tenant, [{ report: "session", session }]);
  const answer = answers[0];
  if (!answer) return error ? <Problem error={error} again={again} /> : <Loading lines={12} />;
  const visit: Visit = answer.sessions[0];
  const events: VisitEvent[] = answer.events;
  return (
    <>
      <p class="crumbs">
        <a data-own href={hrefOf({ session: undefined, visitor: undefined })}>
          ← All visits
        </a>
        {visit?.visitor && (
          <a data-own href={hrefOf({ session: undefined, visitor: visit.visitor })}>
            All visits of this visitor →
          </a>
        )}
      </p>
      {visit && (
        <dl class="facts">
          {Object.entries({
            Began: clock(visit.start),
            Duration: lastedOf(visit),
            Engaged: visit.engaged_time != null && duration(visit.engaged_time),
            "Read to": visit.scroll_depth != null && percent(visit.scroll_depth),
            Source: visit.source,
            Device: [visit.device, visit.browser, visit.os].filter(Boolean).join(", "),
            Country: visit.country && named("country", visit.country),
            Entry: visit.entry_page && named("page", visit.entry_page),
            [visit.duration_seconds == null ? "Last page" : "Exit"]: visit.exit_page && named("page", visit.exit_page),
          }).map(([name, value]) =>
            value ? (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ) : null,
          )}
        </dl>
      )}
      <ol class="timeline" aria-label="What this visitor did, in order">
        {events.map((event, index) => {
          const gap = index ? (Date.parse(event.time) - Date.parse(events[index - 1]!.time)) / 1000 : 0;
          return (
            <li key={event.event} class={`kind-${event.type}`}>
              {gap >= 1 && <span class="gap">{duration(gap)} later</span>}
              <div class="moment">
                <time>{clock(event.time, false)}</time>
                <div>
                  <b>{event.type === "page_view" ? (event.title ?? (event.page && named("page", event.page))) : actionOf(event.type, event.action)}</b>
                  {event.label && <span> {event.label}</span>}
                  {event.value != null && <em> {event.currency ? money(event.value, event.currency) : count(event.value)}</em>}
                  <p>
                    {[event.page && named("page", event.page), event.item && named("item", event.item), event.transaction].filter(Boolean).join(" · ")}
                    {event.time_on_page != null && ` · ${duration(event.time_on_page)}`}
                    {event.scroll_depth != null && ` · read to ${percent(event.scroll_depth)}`}
                    {event.is_bot && " · bot"}
                  </p>
                  {event.properties && (
                    <p class="properties">
                      {Object.entries(event.properties).map(([key, value]) => (
                        <span key={key}>
                          {key}: <b>{typeof value === "object" ? JSON.stringify(value) : String(value)}</b>
                        </span>
                      ))}
                    </p>
                  )}
                </div>
                <a data-own href={hrefOf({ event: event.event, session }, "why")} aria-label={`Proof, layer by layer: ${event.label ?? event.type} at ${clock(event.time, false)}`}>
                  proof
                </a>
              </div>
            </li>
          );
        })}
      </ol>
      {!events.length && <Nothing>No events.</Nothing>}
    </>
  );
};

const OneVisitor = ({ visitor }: { visitor: string }) => {
  const { tenant } = useSite();
  const { answers, error, again } = useAnswers(tenant.tenant, [{ report: "visitor", visitor, limit: 100 }]);
  const answer = answers[0];
  if (!answer) return error ? <Problem error={error} again={again} /> : <Loading lines={12} />;
  const about = answer.visitor;
  return (
    <>
      <p class="crumbs">
        <a data-own href={hrefOf({ visitor: undefined })}>
          ← All visits
        </a>
      </p>
      <dl class="facts">
        {Object.entries({
          "First seen": day(about.first_day),
          "Last seen": day(about.last_day),
          Visits: count(about.visits),
          "Page views": count(about.page_views),
          "Engaged time": about.engaged_time ? `${duration(about.engaged_time)} a visit` : undefined,
          Segment: about.details?.segment,
          "Worth so far": about.details?.lifetime_value ? money(about.details.lifetime_value, tenant.currency) : undefined,
        }).map(([name, value]) =>
          value ? (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ) : null,
        )}
      </dl>
      <section class="panel wide">
        <header>
          <h2>Visits of this visitor</h2>
        </header>
        <Visits visits={answer.sessions} />
      </section>
    </>
  );
};

// Why this number: from a figure to the events it counts, and the figure of an earlier day.
import { go, hrefOf } from "../address";
import { figureOf, whyHref } from "../figures";
import { clock, count, money, named, span } from "../format";
import { capital } from "../names";
import { Bar } from "../parts/bar";
import { Loading, Problem } from "../parts/notices";
import { Short } from "../parts/short";
import { Table, type Column } from "../parts/table";
import { useAnswers } from "../questions";
import { addressOf } from "../server";
import { useSite } from "../site";
import { METRICS, actionOf, metricOf } from "../words";
import { Visits } from "./sessions";
import { Trace } from "./trace";

interface Row {
  event: string;
  time: string;
  type: string;
  action?: string;
  label?: string;
  value?: number;
  currency?: string;
  page?: string;
  session: string;
  raw_event_id: number;
  load_date: string;
  hash: string;
}

export const Why = () => {
  const { params } = useSite();
  return params.get("event") ? <Trace event={params.get("event")!} /> : <Figure />;
};

/** What an event was, in a few words. */
const whatOf = ({ type, action, label, value, currency }: Row): string =>
  [[capital(actionOf(type, action)), label].filter(Boolean).join(": "), value != null && (currency ? money(value, currency) : count(value))].filter(Boolean).join(", ");

const EXAMPLES = 3;

const Figure = () => {
  const site = useSite();
  const { tenant, pack, about, range, params } = site;
  const { name, label, meaning, told, format, report, read, isMeasured, events, standsFor } = figureOf(site);
  const then = params.get("then") ?? "";
  const page = params.get("cursor") ?? "0";
  const cursor = parseInt(page); // rows that were before
  const questions = [
    report,
    { ...(events ?? { report: "sessions", ...about }), limit: 50, cursor: page },
    ...(then ? [{ ...report, asOf: `${then}:00Z` }] : []),
  ];
  const { answers, error, isLoading, again } = useAnswers(tenant.tenant, questions, 0, true);
  const [now, listed, former] = answers;
  // what a report has no row for is none; what was not measured is not known
  const [figure, formerFigure] = [now, former].map((answer) => answer && (read(answer) ?? (isMeasured ? null : 0)));
  const [before, after] = (told && (figure === 1 ? told.one : told.many).split("{}")) ?? [];
  const rows: Row[] = listed?.rows ?? [];
  return (
    <>
      <Bar />
      <Problem error={error} again={again} />
      <section class="panel wide" aria-busy={isLoading}>
        <div class="claim">
          <label>
            <span class="unseen">Figure</span>
            <select value={name} onChange={(event) => go(whyHref(event.currentTarget.value))}>
              {!Object.hasOwn(METRICS, name) && <option value={name}>{label}</option>}
              {Object.keys(METRICS).map((metric) => (
                <option key={metric} value={metric}>
                  {metricOf(metric, pack).label}
                </option>
              ))}
            </select>
          </label>
          <p class="sentence">
            {before}
            <b class="figure">{figure === undefined ? "…" : figure === null ? "–" : format(figure, tenant.currency)}</b>
            {told ? `${after}.` : `: ${meaning}.`}
          </p>
        </div>
        <p class="meaning">
          {told && `${meaning}. `}
          {capital(span(range))} ({tenant.timeZone}), {about.includeBots ? "bots too" : "without bots"}.
        </p>
        {events && listed && now && (
          <p class={listed.figure === figure ? "proved" : "problem"}>
            {listed.figure === figure ? "✓ " : "✗ "}
            {name === "revenue" ? `The values of its events sum up to ${money(listed.figure, tenant.currency)}.` : `${count(listed.figure)} ${listed.figure === 1 ? "event" : "events"} found${standsFor ? `, ${standsFor}` : ""}.`}
            {rows.length > 0 && ` ${count(cursor + 1)} to ${count(cursor + rows.length)} are below.`}
          </p>
        )}
        {rows.length > 0 && cursor === 0 && (
          <>
            <p>{rows.length > 1 ? "For example:" : "It is this one:"}</p>
            <ul class="examples">
              {rows.slice(0, EXAMPLES).map((row) => (
                <li key={row.event}>
                  <a data-own href={hrefOf({ event: row.event })}>
                    {clock(row.time)}
                  </a>{" "}
                  {whatOf(row)}
                  {row.page && (
                    <>
                      {" "}
                      on <Short title={row.page}>{named("page", row.page)}</Short>
                    </>
                  )}
                </li>
              ))}
            </ul>
          </>
        )}
        <form class="then" onSubmit={(event) => event.preventDefault()}>
          <label>
            The same figure as it was known on (UTC){" "}
            <input type="datetime-local" value={then} onChange={(event) => go(hrefOf({ then: event.currentTarget.value }), { replace: true })} />
          </label>
          {formerFigure != null && figure != null && (
            <p>
              <b>{format(formerFigure, tenant.currency)}</b>
              {format(formerFigure, tenant.currency) === format(figure, tenant.currency) ? ": the same as now." : `: since then ${figure > formerFigure ? "+" : "−"}${format(Math.abs(figure - formerFigure), tenant.currency)}.`}{" "}
              <a data-own href={hrefOf({ asOf: `${then}:00Z` }, "")}>
                See the overview as it was known then
              </a>
            </p>
          )}
        </form>
      </section>
      <section class="panel wide">
        <header>
          <h2>{events ? "The events behind it" : "The visits it is about"}</h2>
          <span class="files">
            Download (at most 1,000 rows){" "}
            {["csv", "parquet"].map((form) => (
              <a key={form} download href={addressOf(`/api/analytics/${events ? "events" : "sessions"}.${form}`, { ...about, ...(events as object), includeBots: String(about.includeBots), report: undefined, limit: "1000" })}>
                {form === "csv" ? "CSV" : "Parquet"}
              </a>
            ))}
          </span>
        </header>
        {!listed ? <Loading lines={12} /> : events ? <Events rows={rows} /> : <Visits visits={listed.sessions ?? []} />}
        <nav class="pages" aria-label="More rows">
          {cursor > 0 && (
            <a data-own href={hrefOf({ cursor: cursor > 50 ? String(cursor - 50) : undefined })}>
              ← Later
            </a>
          )}
          {listed?.nextCursor && (
            <a data-own href={hrefOf({ cursor: String(listed.nextCursor) })}>
              Earlier →
            </a>
          )}
        </nav>
      </section>
    </>
  );
};

/** The events behind a figure; what proves each in the store, on demand. */
const Events = ({ rows }: { rows: Row[] }) => {
  const { tenant } = useSite();
  const when: Column<Row> = {
    label: `When (${tenant.timeZone})`,
    value: ({ event, time }) => (
      <a data-own href={hrefOf({ event })}>
        {clock(time)}
      </a>
    ),
  };
  return (
    <>
      <Table
        caption="Events, the latest first"
        rows={rows}
        keyOf={({ event }) => event}
        columns={[
          when,
          { label: "Value", isNumber: true, value: ({ value, currency }) => (value == null ? "" : currency ? money(value, currency) : count(value)) },
          { label: "Event", value: ({ type, action, label }) => <Short title={[type, action, label].filter(Boolean).join(" · ")}>{[capital(actionOf(type, action)), label].filter(Boolean).join(": ")}</Short> },
          { label: "Page", value: ({ page }) => page && <Short title={page}>{named("page", page)}</Short> },
          {
            label: "Visit",
            value: ({ session, time }) => (
              <a data-own href={hrefOf({ session }, "sessions")} aria-label={`Open the visit of ${clock(time)}`}>
                open
              </a>
            ),
          },
        ]}
      />
      {rows.length > 0 && (
        <details class="more">
          <summary>Load dates and hashes</summary>
          <Table
            caption="Load dates and hashes of these events"
            rows={rows}
            keyOf={({ event }) => event}
            columns={[
              when,
              { label: "Raw event", isNumber: true, value: ({ raw_event_id }) => raw_event_id },
              { label: "Loaded (UTC)", value: ({ load_date }) => clock(load_date) },
              { label: "Hash", value: ({ hash }) => <code>{hash}</code> },
            ]}
          />
        </details>
      )}
    </>
  );
};

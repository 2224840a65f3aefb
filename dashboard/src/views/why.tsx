// Why this number: from a figure to the events it counts, from an event down through the layers, and the figure of an earlier day.
import { go, hrefOf } from "../address";
import { figureOf, whyHref } from "../figures";
import { clock, count, days, money, named } from "../format";
import { Bar } from "../parts/bar";
import { Loading, Problem } from "../parts/notices";
import { Table } from "../parts/table";
import { useAnswers, useThing } from "../questions";
import { addressOf } from "../server";
import { useSite } from "../site";
import { METRICS, actionOf, metricOf } from "../words";
import { Visits } from "./sessions";

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

const Figure = () => {
  const site = useSite();
  const { tenant, pack, about, range, params } = site;
  const { name, label, meaning, format, report, read, events, standsFor } = figureOf(site);
  const then = params.get("then") ?? "";
  const cursor = Number(params.get("cursor") ?? 0);
  const questions = [
    report,
    { ...(events ?? { report: "sessions", ...about }), limit: 50, cursor },
    ...(then ? [{ ...report, asOf: `${then}:00Z` }] : []),
  ];
  const { answers, error, isLoading } = useAnswers(tenant.tenant, questions, 0, true);
  const [now, listed, former] = answers;
  // what a report has no row for is none
  const [figure, formerFigure] = [now, former].map((answer) => answer && (read(answer) ?? 0));
  return (
    <>
      <Bar />
      <Problem error={error} />
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
          <p class="figure">{figure == null ? "…" : format(figure, tenant.currency)}</p>
          <p>
            {meaning}. {days(range.dateFrom, range.dateTo)} ({tenant.timeZone}), {about.includeBots ? "bots too" : "without bots"}.
          </p>
          {events && listed && now && (
            <p class={listed.figure === figure ? "proved" : "problem"}>
              {listed.figure === figure ? "✓ " : "✗ "}
              {name === "revenue" ? `The values of its events sum up to ${money(listed.figure, tenant.currency)}.` : `${count(listed.figure)} ${listed.figure === 1 ? "event" : "events"} found${standsFor ? `, ${standsFor}` : ""}.`}
              {listed.rows.length > 0 && ` ${count(cursor + 1)} to ${count(cursor + listed.rows.length)} are below.`}
            </p>
          )}
        </div>
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
        {!listed ? (
          <Loading lines={12} />
        ) : events ? (
          <Table
            caption="Events, the latest first"
            rows={(listed.rows ?? []) as Row[]}
            keyOf={({ event }) => event}
            columns={[
              {
                label: `When (${tenant.timeZone})`,
                value: ({ event, time }) => (
                  <a data-own href={hrefOf({ event })}>
                    {clock(time)}
                  </a>
                ),
              },
              { label: "Value", isNumber: true, value: ({ value, currency }) => (value == null ? "" : currency ? money(value, currency) : count(value)) },
              { label: "Event", value: ({ type, action, label }) => (type === "page_view" ? "page view" : [actionOf(type, action), label].filter(Boolean).join(": ")) },
              { label: "Page", value: ({ page }) => page && named("page", page) },
              {
                label: "Visit",
                value: ({ session, time }) => (
                  <a data-own href={hrefOf({ session }, "sessions")} aria-label={`The visit of ${clock(time)}`}>
                    visit
                  </a>
                ),
              },
              { label: "Raw event", isNumber: true, value: ({ raw_event_id }) => raw_event_id },
              { label: "Loaded (UTC)", value: ({ load_date }) => clock(load_date) },
              { label: "Hash", value: ({ hash }) => <code>{hash.slice(0, 12)}</code> },
            ]}
          />
        ) : (
          <Visits visits={listed.sessions ?? []} />
        )}
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

interface Layers {
  raw: Record<string, unknown> | null;
  staging: Record<string, unknown> | null;
  vault: Record<string, unknown>;
}

const LAYERS: [keyof Layers, string, string][] = [
  ["raw", "Raw", "As it was sent, before anything was made of it"],
  ["staging", "Staging", "As it was understood: validated, enriched, keyed"],
  ["vault", "Vault", "As it counts: its satellite row, with load date and hash"],
];

const Trace = ({ event }: { event: string }) => {
  const { tenant, params } = useSite();
  const session = params.get("session") ?? undefined; // where this event was found
  const { thing, error } = useThing<Layers>(`/api/trace/${event}`, tenant.tenant);
  return (
    <>
      <p class="crumbs">
        {session ? (
          <a data-own href={hrefOf({ session }, "sessions")}>
            ← The visit
          </a>
        ) : (
          <a data-own href={hrefOf({ event: undefined })}>
            ← The figure
          </a>
        )}
      </p>
      <Problem error={error} />
      {!thing && !error && <Loading lines={12} />}
      {thing && <h2 class="part">One event, layer by layer: {[thing.vault.event_type, thing.vault.event_action, thing.vault.event_label].filter(Boolean).join(" · ")}</h2>}
      {thing && (
        <div class="layers">
          {LAYERS.map(([layer, title, meaning]) => (
            <section key={layer} class="panel" aria-labelledby={`layer-${layer}`}>
              <header>
                <h2 id={`layer-${layer}`}>{title}</h2>
              </header>
              <p class="meaning">{meaning}</p>
              {thing[layer] ? (
                <>
                  <Facts facts={factsOf(thing[layer]!, true)} />
                  {layer === "staging" ? (
                    <details>
                      <summary>All columns</summary>
                      <Facts facts={factsOf(thing[layer]!, false)} />
                    </details>
                  ) : (
                    <Facts facts={factsOf(thing[layer]!, false)} />
                  )}
                </>
              ) : (
                <p class="nothing">Kept for a shorter time than the vault: it has gone.</p>
              )}
            </section>
          ))}
        </div>
      )}
    </>
  );
};

// what ties the layers together
const PROOFS = ["raw_event_id", "site_event_hk", "load_date", "hash_diff", "site_event_details_hash_diff", "received_timestamp", "record_source"];

const factsOf = (row: Record<string, unknown>, areProofs: boolean): [string, unknown][] =>
  Object.entries(row)
    .filter(([name, value]) => value !== null && value !== "" && PROOFS.includes(name) === areProofs)
    // what was sent stands above what was noted about it
    .sort(([one], [other]) => Number(other === "raw_payload") - Number(one === "raw_payload") || one.localeCompare(other));

const Facts = ({ facts }: { facts: [string, unknown][] }) => (
  <dl class="row">
    {facts.map(([name, value]) => (
      <div key={name} class={PROOFS.includes(name) ? "proof" : undefined}>
        <dt>{name}</dt>
        <dd>{typeof value === "object" ? <pre tabIndex={0}>{JSON.stringify(value, null, 2)}</pre> : String(value).startsWith("\\x") ? <code>{String(value).slice(2)}</code> : String(value)}</dd>
      </div>
    ))}
  </dl>
);

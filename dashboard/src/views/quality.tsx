// Data quality: whether all that was sent arrived, what did not and why, and how the store is.
import { useState } from "preact/hooks";
import { hrefOf } from "../address";
import { ago, bytes, clock, count } from "../format";
import { FATES, lostOf, sumOf, type Hour } from "../parts/balance";
import { Loading, Nothing, Problem } from "../parts/notices";
import { Table } from "../parts/table";
import { useAnswers, useThing } from "../questions";
import { reasonOf } from "../reasons";
import { Refused, call } from "../server";
import { useSite } from "../site";

/** Events that a reason was found for, the latest of them as an example. */
interface Found {
  reason: string;
  events: number;
  received: string;
  example: unknown;
}

interface Quality {
  balance: Hour[];
  refused: { reason: string; events: number }[];
  invalid: Found[];
  noted: Found[];
  freshness: { watermark: string; lag_seconds: number };
}

interface ReadingBot {
  kind: string | null;
  bot: string | null;
  page_views: number;
  pages: number;
  last_seen: string;
}

const HOUR = 3_600_000;

/** All of the last 48 hours, also those in which nothing came. */
const lastHours = (balance: Hour[]): Hour[] => {
  const known = new Map(balance.map((hour) => [Date.parse(hour.received_hour), hour]));
  const last = Math.floor(Date.now() / HOUR) * HOUR;
  return Array.from({ length: 48 }, (_, index) => {
    const at = last - (47 - index) * HOUR;
    return known.get(at) ?? { received_hour: new Date(at).toISOString(), received: 0, loaded: 0, duplicate: 0, invalid: 0, pending: 0 };
  });
};

export const Quality = () => {
  const { tenant, person, maySetUp } = useSite();
  const { thing, error, again } = useThing<Quality>("/api/quality", tenant.tenant);
  const [said, say] = useState("");
  const [problem, setProblem] = useState<Refused>();
  if (!thing) return error ? <Problem error={error} again={again} /> : <Loading lines={12} />;
  const lost = lostOf(thing.balance);
  const hours = lastHours(thing.balance);
  const most = Math.max(1, ...hours.map(({ received }) => received));
  const reprocess = async (reason: string) => {
    try {
      const { events } = await call<{ events: number }>("POST", "/api/quality/reprocess", { reason });
      say(`${count(events)} ${events === 1 ? "event is" : "events are"} tried again. What is invalid still stays below.`);
      setProblem(undefined);
      setTimeout(again, 1500);
    } catch (refused) {
      setProblem(refused as Refused);
    }
  };
  return (
    <>
      <Problem error={problem} />
      <section class="panel wide">
        <header>
          <h2>The last 48 hours, hour by hour</h2>
          <button class="quiet" onClick={again}>
            Look again
          </button>
        </header>
        <p class="equation">
          <b>{count(sumOf(thing.balance, "received"))}</b> received ={" "}
          {FATES.map((fate, index) => (
            <span key={fate}>
              {index > 0 && " + "}
              <b>{count(sumOf(thing.balance, fate))}</b> <i class={`fate ${fate}`} /> {fate}
            </span>
          ))}{" "}
          <span class={lost ? "problem" : "proved"}>{lost ? `✗ ${count(lost)} lost` : "✓ nothing is lost"}</span>
        </p>
        <div class="hours" role="img" aria-label={`Events received by the hour, at most ${count(most)}; the table has them all`}>
          {hours.map((hour) => (
            <span key={hour.received_hour} title={`${clock(hour.received_hour)} UTC: ${count(hour.received)} received`}>
              {FATES.map((fate) => (
                <i key={fate} class={`fate ${fate}`} style={{ height: `${(100 * hour[fate]) / most}%` }} />
              ))}
            </span>
          ))}
        </div>
        <p class="scale">
          <span>48 hours ago</span>
          <span>most: {count(most)} an hour</span>
          <span>now</span>
        </p>
        <p>{thing.freshness.lag_seconds < 5 ? "Answers are up to date." : `Answers are ${count(thing.freshness.lag_seconds)} s behind: events received since ${clock(thing.freshness.watermark)} UTC wait for the worker.`}</p>
        <details>
          <summary>All hours as a table</summary>
          <Table
            caption="Balance by hour"
            rows={thing.balance}
            keyOf={({ received_hour }) => received_hour}
            columns={[{ label: "Hour (UTC)", value: ({ received_hour }) => clock(received_hour) }, ...(["received", ...FATES] as const).map((fate) => ({ label: fate, isNumber: true, value: (hour: Hour) => count(hour[fate]) }))]}
          />
        </details>
      </section>
      <div class="panels">
        <section class="panel tall">
          <header>
            <h2>Invalid events</h2>
          </header>
          <p class="meaning">Kept in raw with the reason. Once the cause is mended (an event type added, a rule corrected), reprocess them: nothing is counted twice.</p>
          {said && (
            <p class="proved" role="status">
              {said}
            </p>
          )}
          <Reasons found={thing.invalid} again={maySetUp ? reprocess : undefined} />
        </section>
        <section class="panel tall">
          <header>
            <h2>Noted</h2>
          </header>
          <p class="meaning">These events count. Something in them was cut, left out or set right.</p>
          <Reasons found={thing.noted} />
        </section>
        <div class="stack">
          <section class="panel">
            <header>
              <h2>Refused at the door</h2>
            </header>
            <Table
              caption="Requests that were refused, by reason"
              rows={thing.refused}
              empty="Nothing was refused."
              columns={[
                { label: "Reason", value: ({ reason }) => <span title={reason}>{reasonOf(reason)}</span> },
                { label: "Events", isNumber: true, value: ({ events }) => count(events) },
              ]}
            />
          </section>
          <section class="panel">
            <header>
              <h2>Bots</h2>
            </header>
            <p class="meaning">
              Loaded, and left out of every figure unless a report asks for them.{" "}
              <a data-own href={hrefOf({ bots: "true" }, "")}>
                Count them too
              </a>
            </p>
            <Bots />
          </section>
        </div>
      </div>
      {person.isOperator && <Store />}
    </>
  );
};

const Reasons = ({ found, again }: { found: Found[]; again?: (reason: string) => Promise<void> }) =>
  found.length ? (
    <ul class="reasons">
      {found.map(({ reason, events, received, example }) => (
        <li key={reason}>
          <div>
            <b title={reason}>{reasonOf(reason)}</b>
            <span>
              {count(events)} {events === 1 ? "event" : "events"}, the last {ago(received)}
            </span>
          </div>
          {again && (
            <button onClick={() => void again(reason)}>
              Reprocess<span class="unseen"> {reasonOf(reason)}</span>
            </button>
          )}
          <details>
            <summary>An example</summary>
            <pre tabIndex={0}>{JSON.stringify(example, null, 2)}</pre>
          </details>
        </li>
      ))}
    </ul>
  ) : (
    <Nothing>None in the last 48 hours.</Nothing>
  );

/** Who reads the site that is no person, in the time that this page is about. */
const Bots = () => {
  const { tenant } = useSite();
  const { answers, error, again } = useAnswers(tenant.tenant, [{ report: "bots", hours: 48, limit: 50 }]);
  const rows = (answers[0]?.rows ?? []) as ReadingBot[];
  return (
    <>
      <Problem error={error} again={again} />
      <Table
        caption="Bots that read the site in the last 48 hours"
        rows={rows}
        keyOf={({ kind, bot }) => `${kind} ${bot}`}
        empty={answers[0] ? "No bots." : "…"}
        columns={[
          { label: "Bot", value: ({ bot }) => bot ?? "unknown" },
          { label: "Kind", value: ({ kind }) => KINDS[kind ?? ""] ?? "unknown" },
          { label: "Page views", isNumber: true, value: ({ page_views }) => count(page_views) },
          { label: "Pages", isNumber: true, value: ({ pages }) => count(pages) },
          { label: "Last seen", value: ({ last_seen }) => ago(last_seen) },
        ]}
      />
    </>
  );
};

/** Kinds of bots, as people call them. */
const KINDS: Record<string, string> = {
  search_engine: "search engine",
  ai_crawler: "AI crawler",
  ai_assistant: "AI assistant",
  automation: "browser without a person",
  monitor: "monitor",
  link_preview: "link preview",
  feed_reader: "feed reader",
  archiver: "archiver",
  seo: "SEO",
  advertising: "advertising",
  scanner: "scanner",
  library: "library or tool",
  other: "other",
};

interface StoreHealth {
  bytes: number;
  partitions: { table: string; partitions: number; first: string; last: string; rows: number; bytes: number }[];
  loads: { loadDate: string; job: string; counts: Record<string, number> }[];
  waiting: { batches: number; events: number; oldest: string | null };
  failed: number;
  checks: { run: number; lastAt: string | null; failed: string[] };
  disk: { free: number; size: number } | null;
}

const ALMOST_FULL = 0.1;

const checked = ({ run, lastAt, failed }: StoreHealth["checks"]) =>
  lastAt ? `${failed.length ? `${count(failed.length)} of ${count(run)} failed` : `all ${count(run)} clean`}, ${ago(lastAt)}` : "not yet";

const Store = () => {
  const { thing, error, again } = useThing<StoreHealth>("/api/store", "");
  if (!thing) return <Problem error={error} again={again} />;
  return (
    <>
      <h2 class="part">The store, all sites together</h2>
      {thing.disk && thing.disk.free < thing.disk.size * ALMOST_FULL && (
        <p class="problem" role="alert">
          The disk is almost full: {bytes(thing.disk.free)} of {bytes(thing.disk.size)} left. When it is full, no event is taken any more.
        </p>
      )}
      {thing.checks.failed.length > 0 && (
        <p class="problem" role="alert">
          Checks of the stored data failed: {thing.checks.failed.join(", ")}. <code>footfall check</code> says more.
        </p>
      )}
      <ul class="cards few">
        {Object.entries({
          Size: bytes(thing.bytes),
          "Waiting for the worker": `${count(thing.waiting.events)} events`,
          "Oldest waiting": thing.waiting.oldest ? ago(thing.waiting.oldest) : "nothing waits",
          "Set aside": `${count(thing.failed)} batches`,
          "Checks at night": checked(thing.checks),
          ...(thing.disk && { "Free on the disk": bytes(thing.disk.free) }),
        }).map(([label, value]) => (
          <li key={label} class="card">
            <span class="label">{label}</span>
            <span class="value">{value}</span>
          </li>
        ))}
      </ul>
      <section class="panel wide">
        <header>
          <h2>Partitions</h2>
        </header>
        <Table
          caption="Month partitions by table"
          rows={thing.partitions}
          keyOf={({ table }) => table}
          columns={[
            { label: "Table", value: ({ table }) => <code>{table}</code> },
            { label: "Months", value: ({ first, last, partitions }) => (partitions > 1 ? `${first} to ${last}` : first) },
            { label: "Rows, about", isNumber: true, value: ({ rows }) => count(rows) },
            { label: "Size", isNumber: true, value: (row) => bytes(row.bytes) },
          ]}
        />
      </section>
      <section class="panel wide">
        <header>
          <h2>Last loads</h2>
        </header>
        <Table
          caption="The last loads of the vault"
          rows={thing.loads}
          keyOf={({ loadDate }) => loadDate}
          columns={[
            { label: "Load date (UTC)", value: ({ loadDate }) => clock(loadDate) },
            { label: "Job", value: ({ job }) => job.replaceAll("_", " ") },
            { label: "Rows", isNumber: true, value: ({ counts }) => count(Object.values(counts).reduce((total, rows) => total + rows, 0)) },
          ]}
        />
      </section>
    </>
  );
};

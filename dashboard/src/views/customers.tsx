// For operators: all sites together, what each sends, and what it may. (To the store a site is a tenant.)
import { useState } from "preact/hooks";
import { go, hrefOf } from "../address";
import { ago, bytes, count, percent } from "../format";
import { Loading, Problem } from "../parts/notices";
import { Short } from "../parts/short";
import { Table, type Column } from "../parts/table";
import { useThing } from "../questions";
import { addressOf } from "../server";
import { useSite } from "../site";

interface Customer {
  tenant: string;
  name: string;
  active: boolean;
  events_24h: number;
  events_30d: number;
  last_event: string | null;
  invalid_share: number | null;
  bytes: number;
  plan: number | null;
  month_events: number;
}

const ROWS = 50;
const FIRST = "-events_24h"; // how it is sorted unless the address says otherwise

/** What is used of a plan, in percent of it. */
const used = ({ plan, month_events }: Customer): string => (plan ? `${percent((100 * month_events) / plan)} of ${count(plan)}` : "without limit");

const monthOf = (back: number): string => {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 7);
};

export const Customers = () => {
  const { params } = useSite();
  const search = params.get("search") ?? "";
  const sort = params.get("sort") ?? FIRST;
  const before = Number(params.get("rows") ?? 0); // rows that were before
  const sorted = sort.replace("-", "");
  const asked = new URLSearchParams({ search, sort: sorted, order: sort.startsWith("-") ? "desc" : "asc", limit: String(ROWS), offset: String(before) });
  const { thing, error, again } = useThing<{ total: number; rows: Customer[] }>(`/api/operator/tenants?${asked}`, "");
  const [text, write] = useState(search);
  const column = (name: string, label: string, value: Column<Customer>["value"], isNumber = true): Column<Customer> => {
    const state = sort === name ? ("ascending" as const) : sort === `-${name}` ? ("descending" as const) : undefined;
    // figures begin with the most, names with A
    const other = state === undefined ? (isNumber ? `-${name}` : name) : state === "descending" ? name : `-${name}`;
    return { label, isNumber, sort: { href: hrefOf({ sort: other, rows: undefined }), state }, value };
  };
  return (
    <section class="panel wide">
      <header>
        <h2>{thing ? `${count(thing.total)} ${thing.total === 1 ? "site" : "sites"}` : "Sites"}</h2>
        <span class="files">
          Usage to bill by, as CSV{" "}
          {[0, 1].map((back) => (
            <a key={back} download href={addressOf("/api/operator/usage.csv", { month: monthOf(back) }, "")}>
              {back ? "last month" : "this month"}
            </a>
          ))}
        </span>
      </header>
      <form
        class="tools"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          go(hrefOf({ search: text, rows: undefined }), { replace: true });
        }}
      >
        <label>
          <span class="unseen">Search sites by name or id</span>
          <input type="search" placeholder="Name or id" value={text} onInput={(event) => write(event.currentTarget.value)} />
        </label>
        <button>Search</button>
      </form>
      <Problem error={error} again={again} />
      {thing ? (
        <Table
          caption="All sites and what they send"
          rows={thing.rows}
          keyOf={({ tenant }) => tenant}
          empty="No site is called so."
          columns={[
            column(
              "name",
              "Site",
              ({ tenant, name, active }) => (
                <a data-own href={hrefOf({ tenant, filter: undefined }, "", true)}>
                  <Short title={name}>{name}</Short> <code>{tenant}</code>
                  {!active && " (disabled)"}
                </a>
              ),
              false,
            ),
            column("events_24h", "Events, 24 hours", (row) => count(row.events_24h)),
            column("events_30d", "30 days", (row) => count(row.events_30d)),
            column("last_event", "Last event", (row) => (row.last_event ? ago(row.last_event) : "never")),
            column("invalid_share", "Invalid, 24 hours", (row) => (row.invalid_share === null ? "" : percent(100 * row.invalid_share))),
            column("bytes", "Sent in all", (row) => bytes(row.bytes)),
            column("month_events", "This month", (row) => count(row.month_events)),
            column("plan", "Of its plan", used),
          ]}
        />
      ) : (
        !error && <Loading lines={12} />
      )}
      <nav class="pages" aria-label="More sites">
        {before > 0 && (
          <a data-own href={hrefOf({ rows: before > ROWS ? String(before - ROWS) : undefined })}>
            ← Before
          </a>
        )}
        {thing && before + ROWS < thing.total && (
          <a data-own href={hrefOf({ rows: String(before + ROWS) })}>
            More →
          </a>
        )}
      </nav>
    </section>
  );
};

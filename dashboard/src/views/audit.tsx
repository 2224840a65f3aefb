// Who did what: for owners what was done to their site, for operators all that was done.
import { useState } from "preact/hooks";
import { ACTIONS } from "../actions";
import { go, hrefOf } from "../address";
import { clock } from "../format";
import { Loading, Problem } from "../parts/notices";
import { Short } from "../parts/short";
import { Table, type Column } from "../parts/table";
import { useThing } from "../questions";
import { addressOf } from "../server";
import { useSite } from "../site";

interface Entry {
  tenant: string | null;
  seq: number;
  at: string;
  kind: string;
  who: string;
  via: string;
  action: string;
  subject: string;
  details: Record<string, unknown>;
}

const ROWS = 50;
const FIELDS = ["who", "action", "since", "until"] as const;
const KINDS: Record<string, string> = {
  key: "key",
  token: "operator's program",
  guest: "guest of a share link",
  single_sign_on: "single sign-on",
  cli: "on the host",
  worker: "by itself, as set up",
  database: "in the database, by hand",
};
const GROUPS = [...new Set(Object.keys(ACTIONS).map((action) => action.split(".")[0]!))];

const said = (value: unknown): string => (value === null ? "nothing" : Array.isArray(value) ? value.join(", ") || "none" : value === true ? "yes" : value === false ? "no" : String(value));

/** What changed: before and after, where there was something before. */
const changes = (details: Entry["details"]): [string, string][] =>
  Object.entries(details).map(([name, value]) => {
    const words = name.replaceAll("_", " ");
    if (!Array.isArray(value) || value.length !== 2) return [words, said(value)];
    const [before, after] = value as [unknown, unknown];
    return [words, before === null ? said(after) : `${said(before)} → ${said(after)}`];
  });

const columns: Column<Entry>[] = [
  { label: "When (UTC)", value: ({ at }) => <time dateTime={at} title={at}>{clock(at)}</time> },
  {
    label: "Who",
    value: ({ who, kind }) => (
      <>
        <Short title={who}>{who === "nobody" ? "somebody unknown" : who}</Short>
        {kind in KINDS && <span class="meaning"> {KINDS[kind]}</span>}
      </>
    ),
  },
  // what a meaning says after its first point is for who looks closer
  { label: "What", value: ({ action }) => <span title={`${action}: ${ACTIONS[action] ?? ""}`}>{ACTIONS[action]?.split(/[;:]/)[0] ?? action}</span> },
  { label: "Of", value: ({ subject }) => subject && <Short title={subject}>{subject}</Short> },
  {
    label: "Details",
    value: ({ details }) =>
      changes(details).map(([name, text]) => (
        <span class="detail" key={name}>
          {name}: <Short title={text}>{text}</Short>
        </span>
      )),
  },
];

const ofSite: Column<Entry> = { label: "Site", value: ({ tenant }) => tenant ?? <span class="meaning">none</span> };

/** `path`: where the rows are, and whose; of all sites they say which. */
const Log = ({ path, tenant }: { path: string; tenant: string }) => {
  const { params } = useSite();
  const asked = Object.fromEntries(FIELDS.map((field) => [field, params.get(field) ?? ""]));
  const before = Number(params.get("rows") ?? 0); // rows that were before
  const query = new URLSearchParams({ ...asked, limit: String(ROWS + 1), offset: String(before) });
  const { thing, error, again } = useThing<Entry[]>(`${path}?${query}`, tenant);
  const [fields, set] = useState(asked);
  const change = (field: (typeof FIELDS)[number]) => (event: { currentTarget: { value: string } }) => set({ ...fields, [field]: event.currentTarget.value });
  return (
    <section class="panel wide audit">
      <header>
        <h2>Who did what</h2>
        <span class="files">
          <a download href={addressOf(`${path}.csv`, asked, tenant)}>
            CSV
          </a>
        </span>
      </header>
      <form
        class="tools"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          go(hrefOf({ ...Object.fromEntries(FIELDS.map((field) => [field, fields[field] || undefined])), rows: undefined }), { replace: true });
        }}
      >
        <label>
          Who <input type="search" placeholder="name, label or cli" value={fields.who} onInput={change("who")} />
        </label>
        <label>
          What{" "}
          <select value={fields.action} onChange={change("action")}>
            <option value="">anything</option>
            {GROUPS.map((group) => (
              <option key={group} value={group}>
                {group.replaceAll("_", " ")}
              </option>
            ))}
          </select>
        </label>
        <label>
          From <input type="date" value={fields.since} onInput={change("since")} />
        </label>
        <label>
          To <input type="date" value={fields.until} onInput={change("until")} />
        </label>
        <button>Show</button>
      </form>
      <Problem error={error} again={again} />
      {thing ? (
        <Table caption="Who did what, the latest first" rows={thing.slice(0, ROWS)} keyOf={({ tenant: of, seq }) => `${of}-${seq}`} empty="Nothing of the kind was done." columns={tenant ? columns : [columns[0]!, ofSite, ...columns.slice(1)]} />
      ) : (
        !error && <Loading lines={12} />
      )}
      <nav class="pages" aria-label="More of the log">
        {before > 0 && (
          <a data-own href={hrefOf({ rows: before > ROWS ? String(before - ROWS) : undefined })}>
            ← Later
          </a>
        )}
        {thing && thing.length > ROWS && (
          <a data-own href={hrefOf({ rows: String(before + ROWS) })}>
            Earlier →
          </a>
        )}
      </nav>
      <p class="meaning">Nobody can change a row of this log, nor take one away, without that being found: each carries the hash of the one before it.</p>
    </section>
  );
};

/** What was done to this site, for its owners. */
export const Audit = () => {
  const { tenant } = useSite();
  return <Log path="/api/setup/audit" tenant={tenant.tenant} />;
};

/** What was done to any site, or to none. */
export const AllAudit = () => <Log path="/api/operator/audit" tenant="" />;

// The record of processing: what is stored, of whom, why, how long, and who sees it. For owners.
import { clock } from "../format";
import { Loading, Problem } from "../parts/notices";
import { Table } from "../parts/table";
import { useThing } from "../questions";
import { addressOf } from "../server";
import { useSite } from "../site";

interface Purpose {
  name: string;
  title: string;
  whose: string;
  why: string;
  kept: string;
  kept_since: string | null;
  seen_by: string;
  tables: { table: string; holds: string }[];
  personal: { column: string; holds: string }[];
}

interface Record {
  settings: { do_not_track: string; addresses: string };
  people: { [role: string]: number };
  share_links: number;
  legal_hold: { reason: string; by: string; since: string } | null;
  purposes: Purpose[];
}

const PATH = "/api/setup/records";

const Summary = ({ record }: { record: Record }) => (
  <dl class="record">
    <dt>Do Not Track, Global Privacy Control</dt>
    <dd>{record.settings.do_not_track}</dd>
    <dt>Addresses of visitors</dt>
    <dd>{record.settings.addresses}</dd>
    <dt>People with a role</dt>
    <dd>
      {Object.entries(record.people)
        .map(([role, count]) => `${count} ${role}`)
        .join(", ") || "none"}
    </dd>
    <dt>Share links</dt>
    <dd>{record.share_links}</dd>
    <dt>Legal hold</dt>
    <dd>{record.legal_hold ? `${record.legal_hold.reason} (since ${clock(record.legal_hold.since)} UTC): nothing is removed` : "none"}</dd>
  </dl>
);

const Part = ({ purpose }: { purpose: Purpose }) => (
  <section class="panel wide">
    <header>
      <h2>{purpose.title}</h2>
    </header>
    <dl class="record">
      <dt>Of</dt>
      <dd>{purpose.whose}</dd>
      <dt>Why</dt>
      <dd>{purpose.why}</dd>
      <dt>How long</dt>
      <dd>
        {purpose.kept}
        {purpose.kept_since && <span class="meaning"> there is nothing of before {purpose.kept_since.slice(0, 10)}</span>}
      </dd>
      <dt>Seen by</dt>
      <dd>{purpose.seen_by}</dd>
    </dl>
    {purpose.personal.length > 0 && (
      <Table
        caption={`What is personal: ${purpose.title}`}
        rows={purpose.personal}
        keyOf={({ column }) => column}
        columns={[
          { label: "Personal", value: ({ column }) => <code>{column}</code> },
          { label: "What it holds", value: ({ holds }) => holds },
        ]}
      />
    )}
    <details>
      <summary>{purpose.tables.length === 1 ? "One table" : `${purpose.tables.length} tables`}</summary>
      <Table
        caption={`Tables: ${purpose.title}`}
        rows={purpose.tables}
        keyOf={({ table }) => table}
        columns={[
          { label: "Table", value: ({ table }) => <code>{table}</code> },
          { label: "What it holds", value: ({ holds }) => holds },
        ]}
      />
    </details>
  </section>
);

/** The record of this site. */
export const Records = () => {
  const { tenant } = useSite();
  const { thing, error, again } = useThing<Record>(PATH, tenant.tenant);
  return (
    <>
      <section class="panel wide">
        <header>
          <h2>What is stored, why, and how long</h2>
          <span class="files">
            <a download href={addressOf(`${PATH}.md`, {}, tenant.tenant)}>
              Markdown
            </a>
          </span>
        </header>
        <Problem error={error} again={again} />
        {thing ? <Summary record={thing} /> : !error && <Loading lines={6} />}
        <p class="meaning">Made of the store and the settings as they are, for your record of processing activities (Art. 30 GDPR).</p>
      </section>
      {thing?.purposes.map((purpose) => <Part key={purpose.name} purpose={purpose} />)}
    </>
  );
};

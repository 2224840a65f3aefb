// Whose pages may send with a public key: proposed from what came, allowed by an owner.
import { useState } from "preact/hooks";
import { count } from "../../format";
import { Loading, Problem } from "../../parts/notices";
import { Table } from "../../parts/table";
import { useThing } from "../../questions";
import { call } from "../../server";
import { useSite } from "../../site";
import { Form, Part, type Doing } from "./part";

interface Host {
  host: string;
  allowed: boolean;
  events: number;
  refused: number;
}

export const Hosts = ({ run }: Doing) => {
  const { tenant } = useSite();
  const { thing, error, again } = useThing<Host[]>("/api/setup/hosts", tenant.tenant);
  const [text, write] = useState<string>();
  const isOwner = tenant.role === "owner";
  const proposed = thing?.map(({ host }) => host.replace(/^www\./, "")).filter((host, at, all) => all.indexOf(host) === at) ?? [];
  const isOpen = !thing?.some(({ allowed }) => !allowed);
  return (
    <Part
      title="Whose pages may send"
      about="A write key is public: anybody can put it on their own page. Name your hosts, and events of other pages wait, uncounted, until you allow those too. Hosts under a named one may send."
    >
      <Problem error={error} />
      {thing ? (
        <Table
          caption="Hosts whose pages sent something in 30 days"
          rows={thing}
          keyOf={({ host }) => host}
          empty="No page has sent anything yet."
          columns={[
            { label: "Host", value: ({ host }) => <code>{host}</code> },
            { label: "Events", isNumber: true, value: ({ events }) => count(events) },
            { label: "Waiting", isNumber: true, value: ({ refused }) => (refused ? count(refused) : "") },
            { label: "May send", value: ({ allowed }) => (allowed ? "yes" : "no") },
          ]}
        />
      ) : (
        !error && <Loading lines={2} />
      )}
      {isOwner && thing && (
        <Form
          run={run}
          action={async () => {
            const allowedHosts = (text ?? proposed.join(", ")).split(/[\s,]+/).filter(Boolean);
            await call("POST", "/api/setup/tenant", { allowedHosts });
            again();
          }}
        >
          <label class="wide">
            Allowed hosts; none: all{" "}
            <input value={text ?? (isOpen ? "" : thing.filter(({ allowed }) => allowed).map(({ host }) => host).join(", "))} placeholder={proposed.slice(0, 3).join(", ") || "example.com"} onInput={(event) => write(event.currentTarget.value)} />
          </label>
          <button disabled={text === undefined}>Save</button>
          {isOpen && proposed.length > 0 && (
            <button type="button" class="quiet" onClick={() => write(proposed.join(", "))}>
              Propose those above
            </button>
          )}
        </Form>
      )}
    </Part>
  );
};

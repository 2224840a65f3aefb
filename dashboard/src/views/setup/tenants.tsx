// For operators: all sites. (To the store a site is a tenant.)
import { useState } from "preact/hooks";
import { hrefOf } from "../../address";
import { Problem } from "../../parts/notices";
import { Table } from "../../parts/table";
import { Refused, call, type Person } from "../../server";
import { Form, Industry, Part, type Doing } from "./part";

/** For an operator of a store without sites. */
export const FirstTenant = ({ person }: { person: Person }) => {
  const [problem, setProblem] = useState<Refused>();
  return (
    <>
      <Problem error={problem} />
      <Tenants person={person} run={(action) => action().catch(setProblem)} />
    </>
  );
};

export const Tenants = ({ person, run }: { person: Person } & Doing) => {
  const [fields, set] = useState({ tenant: "", name: "", industry: "e-commerce", timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone, currency: "EUR" });
  const change = (name: keyof typeof fields) => (event: { currentTarget: { value: string } }) => set({ ...fields, [name]: event.currentTarget.value });
  return (
    <Part title="All sites" about={<>Each site has figures, keys and people of its own. Only operators see this. <a data-own href={hrefOf({}, "customers", true)}>All customers and what they send</a></>}>
      <Table
        caption="All sites"
        rows={person.tenants}
        keyOf={({ tenant }) => tenant}
        columns={[
          {
            label: "Site",
            value: ({ tenant, name }) => (
              <a href={hrefOf({ tenant, filter: undefined }, "setup")}>
                {name} <code>{tenant}</code>
              </a>
            ),
          },
          { label: "Industry", value: ({ industry }) => person.packs[industry]?.title ?? industry },
          { label: "Time zone", value: ({ timeZone }) => timeZone },
          { label: "Currency", value: ({ currency }) => currency },
        ]}
      />
      <Form
        run={run}
        action={async () => {
          await call("POST", "/api/setup/tenants", { ...fields, name: fields.name || fields.tenant });
          location.assign(hrefOf({ tenant: fields.tenant, filter: undefined }, "setup"));
        }}
      >
        <label>
          Id <input required pattern="[A-Za-z0-9][A-Za-z0-9._\-]*" maxLength={100} placeholder="acme" value={fields.tenant} onInput={change("tenant")} />
        </label>
        <label>
          Name <input value={fields.name} onInput={change("name")} />
        </label>
        <Industry packs={person.packs} industry={fields.industry} choose={(industry) => set({ ...fields, industry })} />
        <label>
          Time zone <input required value={fields.timeZone} onInput={change("timeZone")} />
        </label>
        <label>
          Currency <input required pattern="[A-Z]{3}" size={4} value={fields.currency} onInput={change("currency")} />
        </label>
        <button>Add site</button>
      </Form>
    </Part>
  );
};

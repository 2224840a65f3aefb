// The tenant's name and industry; for operators all tenants.
import { useState } from "preact/hooks";
import { hrefOf } from "../../address";
import { Problem } from "../../parts/notices";
import { Table } from "../../parts/table";
import { Refused, call, type Person } from "../../server";
import { useSite } from "../../site";
import { Form, Industries, Part, type Doing } from "./part";

/** For an operator of a store without tenants. */
export const FirstTenant = ({ person }: { person: Person }) => {
  const [problem, setProblem] = useState<Refused>();
  return (
    <>
      <Problem error={problem} />
      <Tenants person={person} run={(action) => action().catch(setProblem)} />
    </>
  );
};

export const Description = ({ run }: Doing) => {
  const { tenant, person } = useSite();
  const [fields, set] = useState({ name: tenant.name, industry: tenant.industry });
  return (
    <Part title="This tenant" about={`Its days begin at midnight in ${tenant.timeZone}, and its totals are in ${tenant.currency}: both stay as they are, as all figures are counted by them.`}>
      <Form
        run={run}
        action={async () => {
          await call("POST", "/api/setup/tenant", fields);
          location.reload();
        }}
      >
        <label>
          Name <input required maxLength={255} value={fields.name} onInput={(event) => set({ ...fields, name: event.currentTarget.value })} />
        </label>
        <Industry packs={person.packs} industry={fields.industry} choose={(industry) => set({ ...fields, industry })} />
        <button>Save</button>
      </Form>
    </Part>
  );
};

const Industry = ({ packs, industry, choose }: { packs: Person["packs"]; industry: string; choose: (industry: string) => void }) => (
  <label>
    Industry{" "}
    <select value={industry} onChange={(event) => choose(event.currentTarget.value)}>
      <Industries packs={packs} />
      {!(industry in packs) && industry !== "general" && <option>{industry}</option>}
      <option value="general">Other</option>
    </select>
  </label>
);

export const Tenants = ({ person, run }: { person: Person } & Doing) => {
  const [fields, set] = useState({ tenant: "", name: "", industry: "e-commerce", timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone, currency: "EUR" });
  const change = (name: keyof typeof fields) => (event: { currentTarget: { value: string } }) => set({ ...fields, [name]: event.currentTarget.value });
  return (
    <Part title="Tenants" about="Each customer is a tenant, with sites, keys and people of its own. Only operators see this.">
      <Table
        caption="Tenants"
        rows={person.tenants}
        keyOf={({ tenant }) => tenant}
        columns={[
          {
            label: "Tenant",
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
        <button>Add tenant</button>
      </Form>
    </Part>
  );
};

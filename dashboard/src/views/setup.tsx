// Set-up: the snippet and its first event, what to send, keys, goals, share links, people, tenants.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { hrefOf } from "../address";
import { clock, day, named } from "../format";
import { useStream, type LiveEvent } from "../live";
import { Loading, Problem } from "../parts/notices";
import { Table } from "../parts/table";
import { forget, useAnswers, useThing } from "../questions";
import { Refused, call, type Pack, type Person, type Role } from "../server";
import { useSite } from "../site";
import { said } from "../words";

interface Everything {
  keys: { key: number; kind: string; label: string; created_at: string; revoked_at: string | null }[];
  goals: { goal: string; filter: string; value: number | null; currency: string | null }[];
  links: { link: number; label: string; has_password: boolean; created_at: string; expires_at: string }[];
  people: { email: string; name: string; role: Role }[];
}

interface Doing {
  /** Does something, asks again, and says what went wrong. */
  run: (action: () => Promise<void>) => Promise<void>;
}

export const Setup = () => {
  const { tenant, person, maySetUp } = useSite();
  const { thing, error, again } = useThing<Everything>("/api/setup", tenant.tenant);
  const [problem, setProblem] = useState<Refused>();
  const run = async (action: () => Promise<void>) => {
    try {
      await action();
      setProblem(undefined);
      forget();
      again();
    } catch (refused) {
      setProblem(refused as Refused);
    }
  };
  if (!thing) return error ? <Problem error={error} /> : <Loading lines={12} />;
  return (
    <>
      <Problem error={problem} />
      <Snippet everything={thing} run={run} />
      <WhatToSend run={run} />
      <Keys keys={thing.keys} run={run} />
      <Goals goals={thing.goals} run={run} />
      {maySetUp && <Links links={thing.links} run={run} />}
      {tenant.role === "owner" && <People people={thing.people} run={run} />}
      {person.isOperator && <Tenants person={person} run={run} />}
      <Password run={run} />
    </>
  );
};

const Part = ({ title, about, children }: { title: string; about: ComponentChildren; children: ComponentChildren }) => (
  <section class="panel wide">
    <header>
      <h2>{title}</h2>
    </header>
    <p class="meaning">{about}</p>
    {children}
  </section>
);

const Copy = ({ text }: { text: string }) => {
  const [copied, setCopied] = useState("");
  return (
    <button
      type="button"
      class="quiet"
      onClick={async () => {
        // not on every page: browsers give the clipboard to safe ones
        if (!navigator.clipboard) return;
        await navigator.clipboard.writeText(text);
        setCopied(text);
      }}
    >
      {copied === text ? "Copied" : "Copy"}
    </button>
  );
};

/** Something to be copied, shown now or never. */
const Secret = ({ label, text }: { label: string; text: string }) => (
  <p class="secret" role="status">
    {label} <code>{text}</code> <Copy text={text} />
  </p>
);

const Code = ({ label, text }: { label: string; text: string }) => (
  <div class="code">
    <pre tabIndex={0} aria-label={label}>
      {text}
    </pre>
    <Copy text={text} />
  </div>
);

const Snippet = ({ everything, run }: { everything: Everything } & Doing) => {
  const { tenant, maySetUp } = useSite();
  const [made, setMade] = useState("");
  const [first, hear] = useState<LiveEvent>();
  const { answers } = useAnswers(tenant.tenant, [{ report: "realtime", limit: 1 }]);
  useStream(tenant.tenant, hear);
  const last: LiveEvent | undefined = first ?? answers[0]?.events[0];
  const key = made || "WRITE_KEY";
  const snippet = `<script defer src="${location.origin}/footfall.js" data-key="${key}"></script>`;
  const writeKeys = everything.keys.filter(({ kind, revoked_at }) => kind === "write" && !revoked_at).length;
  return (
    <Part title="The snippet" about="Into the <head> of every page. It counts page views, engaged time, outbound links, downloads and forms by itself, without a cookie.">
      <Code label="Snippet" text={snippet} />
      {!made && (
        <p class="tools">
          <span>
            Put a write key in place of <code>WRITE_KEY</code>. {writeKeys > 0 ? `This tenant has ${writeKeys}; a key is shown once, when it is made.` : "There is none yet."}
          </span>
          {maySetUp && (
            <button onClick={() => run(async () => setMade((await call<{ secret: string }>("POST", "/api/setup/keys", { kind: "write", label: "site" })).secret))}>Make a write key and put it in</button>
          )}
        </p>
      )}
      <p class={last ? "first received" : "first"} role="status">
        {last ? (
          <>
            <b>Received.</b> {first ? "Just now" : `At ${clock(last.time)}`}: {last.type.replaceAll("_", " ")} {last.page && `on ${named("page", last.page)}`}
          </>
        ) : (
          <>
            <b>Waiting for the first event…</b> Open your site in another window: this line changes by itself.
          </>
        )}
      </p>
    </Part>
  );
};

const codeOf = ({ item_type, item_action, funnel, steps, contact }: Pack) =>
  [
    `footfall.item({ item_id: "id-1", item_type: "${item_type}", item_name: "…", action: "${item_action}" });`,
    `footfall.transaction("start", { funnel: "${funnel}", label: "${steps[0]}" });`,
    `footfall.transaction("progress", { funnel: "${funnel}", label: "${steps[1]}" });`,
    `footfall.transaction("complete", { funnel: "${funnel}", label: "${steps[2]}", transaction_id: "…", value: 59.9 });`,
    `footfall.contact({ label: "${contact[0]}", action: "${contact[1]}" });`,
  ].join("\n");

const WhatToSend = ({ run }: Doing) => {
  const { tenant, person, maySetUp } = useSite();
  const packs = Object.values(person.packs);
  const [industry, choose] = useState(tenant.industry);
  const chosen = person.packs[industry] ?? packs[0]!;
  return (
    <Part title="What to send" about="Goals and a funnel to begin with, and the calls that fill them. What you have under other names stays. Words and the order of the overview go by the industry of the tenant.">
      <div class="tools">
        <label>
          Industry{" "}
          <select value={chosen.industry} onChange={(event) => choose(event.currentTarget.value)}>
            {packs.map((one) => (
              <option key={one.industry} value={one.industry}>
                {one.title}
              </option>
            ))}
          </select>
        </label>
        {maySetUp && <button onClick={() => run(() => call("POST", "/api/setup/pack", { industry: chosen.industry }))}>Get its goals and funnel</button>}
      </div>
      <p class="meaning">
        {chosen.items}, {chosen.conversions.toLowerCase()}; goals: {chosen.goal_names.join(", ")}.
      </p>
      <Code label="Calls of this industry" text={codeOf(chosen)} />
    </Part>
  );
};

const Keys = ({ keys, run }: { keys: Everything["keys"] } & Doing) => {
  const { maySetUp } = useSite();
  const [kind, setKind] = useState("write");
  const [label, setLabel] = useState("");
  const [made, setMade] = useState("");
  return (
    <Part title="Keys" about="A write key sends events and is public; a read key asks questions; an admin key does both and is trusted: it belongs on servers only.">
      <Table
        caption="Keys"
        rows={keys}
        keyOf={({ key }) => key}
        empty="No keys yet."
        columns={[
          { label: "Label", value: ({ label: name }) => name },
          { label: "Kind", value: (row) => row.kind },
          { label: "Made", value: ({ created_at }) => day(created_at) },
          {
            label: "",
            value: ({ key, label: name, revoked_at }) =>
              revoked_at ? (
                `revoked on ${day(revoked_at)}`
              ) : maySetUp ? (
                <button class="quiet" aria-label={`Revoke ${name}`} onClick={() => confirm(`Revoke “${name}”? Whoever uses it is refused within a minute.`) && run(() => call("DELETE", `/api/setup/keys/${key}`))}>
                  Revoke
                </button>
              ) : (
                "works"
              ),
          },
        ]}
      />
      {made && <Secret label="The new key, shown this once:" text={made} />}
      {maySetUp && (
        <form
          class="tools"
          onSubmit={(event) => {
            event.preventDefault();
            void run(async () => {
              setMade((await call<{ secret: string }>("POST", "/api/setup/keys", { kind, label })).secret);
              setLabel("");
            });
          }}
        >
          <label>
            Kind{" "}
            <select value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
              {["write", "read", "admin"].map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
          <label>
            Label <input value={label} maxLength={100} placeholder="web site" onInput={(event) => setLabel(event.currentTarget.value)} />
          </label>
          <button>Make a key</button>
        </form>
      )}
    </Part>
  );
};

const Goals = ({ goals, run }: { goals: Everything["goals"] } & Doing) => {
  const { maySetUp } = useSite();
  const [goal, setGoal] = useState("");
  const [filter, setFilter] = useState("");
  const [value, setValue] = useState("");
  return (
    <Part title="Goals" about="A goal is a filter on events; it holds for all of history from the moment it is defined.">
      <Table
        caption="Goals"
        rows={goals}
        keyOf={(row) => row.goal}
        empty="No goals yet."
        columns={[
          { label: "Goal", value: (row) => row.goal },
          { label: "Reached by", value: (row) => <span title={row.filter}>{said(row.filter)}</span> },
          { label: "Worth", isNumber: true, value: (row) => row.value ?? "its own value" },
          {
            label: "",
            value: (row) =>
              maySetUp && (
                <button class="quiet" aria-label={`Remove ${row.goal}`} onClick={() => confirm(`Remove the goal “${row.goal}”?`) && run(() => call("DELETE", `/api/setup/goals/${encodeURIComponent(row.goal)}`))}>
                  Remove
                </button>
              ),
          },
        ]}
      />
      {maySetUp && (
        <form
          class="tools"
          onSubmit={(event) => {
            event.preventDefault();
            void run(async () => {
              await call("POST", "/api/setup/goals", { goal, filter, value: value ? Number(value) : null });
              setGoal("");
              setFilter("");
              setValue("");
            });
          }}
        >
          <label>
            Goal <input required maxLength={100} value={goal} placeholder="Pricing seen" onInput={(event) => setGoal(event.currentTarget.value)} />
          </label>
          <label class="long">
            Filter <input required value={filter} placeholder="page=~/pricing" onInput={(event) => setFilter(event.currentTarget.value)} />
          </label>
          <label>
            Worth <input type="number" step="any" value={value} onInput={(event) => setValue(event.currentTarget.value)} />
          </label>
          <button>Save goal</button>
        </form>
      )}
    </Part>
  );
};

const Links = ({ links, run }: { links: Everything["links"] } & Doing) => {
  const [label, setLabel] = useState("");
  const [days, setDays] = useState("30");
  const [password, setPassword] = useState("");
  const [made, setMade] = useState("");
  return (
    <Part title="Share links" about="Whoever has the link sees the figures of this tenant, read only, until it ends; never what a single visitor did.">
      <Table
        caption="Share links"
        rows={links}
        keyOf={({ link }) => link}
        empty="No links."
        columns={[
          { label: "For", value: (row) => row.label || "anybody" },
          { label: "Password", value: ({ has_password }) => (has_password ? "yes" : "none") },
          { label: "Made", value: ({ created_at }) => day(created_at) },
          { label: "Ends", value: ({ expires_at }) => day(expires_at) },
          {
            label: "",
            value: (row) => (
              <button class="quiet" aria-label={`End now: the link for ${row.label || "anybody"}`} onClick={() => confirm("End this link now?") && run(() => call("DELETE", `/api/setup/links/${row.link}`))}>
                End now
              </button>
            ),
          },
        ]}
      />
      {made && <Secret label="The link, shown this once:" text={`${location.origin}/share/${made}`} />}
      <form
        class="tools"
        onSubmit={(event) => {
          event.preventDefault();
          void run(async () => {
            setMade((await call<{ link: string }>("POST", "/api/setup/links", { label, days: Number(days), password })).link);
            setLabel("");
            setPassword("");
          });
        }}
      >
        <label>
          For <input value={label} maxLength={100} placeholder="the board" onInput={(event) => setLabel(event.currentTarget.value)} />
        </label>
        <label>
          Days <input type="number" min="1" max="3660" required value={days} onInput={(event) => setDays(event.currentTarget.value)} />
        </label>
        <label>
          Password <input autocomplete="off" value={password} placeholder="none" onInput={(event) => setPassword(event.currentTarget.value)} />
        </label>
        <button>Make a link</button>
      </form>
    </Part>
  );
};

const People = ({ people, run }: { people: Everything["people"] } & Doing) => {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState("viewer");
  const [made, setMade] = useState<string | null>(null);
  return (
    <Part title="People" about="Viewers look; admins also set up keys, goals, funnels and links; owners also people.">
      <Table
        caption="People"
        rows={people}
        keyOf={(row) => row.email}
        empty="Nobody but the operators."
        columns={[
          { label: "E-mail address", value: (row) => row.email },
          { label: "Name", value: (row) => (row.name === row.email ? "" : row.name) },
          { label: "Role", value: (row) => row.role },
          {
            label: "",
            value: (row) => (
              <button class="quiet" aria-label={`Take away the role of ${row.email}`} onClick={() => confirm(`Take the role of ${row.email} away?`) && run(() => call("DELETE", `/api/setup/people/${encodeURIComponent(row.email)}`))}>
                Take away
              </button>
            ),
          },
        ]}
      />
      {made && <Secret label="Their password, shown this once:" text={made} />}
      <form
        class="tools"
        onSubmit={(event) => {
          event.preventDefault();
          void run(async () => {
            setMade((await call<{ password: string | null }>("POST", "/api/setup/people", { email, role })).password);
            setEmail("");
          });
        }}
      >
        <label>
          E-mail address <input type="email" required value={email} onInput={(event) => setEmail(event.currentTarget.value)} />
        </label>
        <label>
          Role{" "}
          <select value={role} onChange={(event) => setRole(event.currentTarget.value)}>
            {["viewer", "admin", "owner"].map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <button>Give the role</button>
      </form>
    </Part>
  );
};

const Password = ({ run }: Doing) => {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [isDone, setDone] = useState(false);
  return (
    <Part title="Your password" about="Changing it signs you out everywhere else.">
      {isDone && (
        <p class="proved" role="status">
          Changed.
        </p>
      )}
      <form
        class="tools"
        onSubmit={(event) => {
          event.preventDefault();
          setDone(false);
          void run(async () => {
            await call("POST", "/api/session/password", { old, new: fresh });
            setOld("");
            setFresh("");
            setDone(true);
          });
        }}
      >
        <label>
          Current password <input type="password" autocomplete="current-password" required value={old} onInput={(event) => setOld(event.currentTarget.value)} />
        </label>
        <label>
          New password <input type="password" autocomplete="new-password" required minLength={10} value={fresh} onInput={(event) => setFresh(event.currentTarget.value)} />
        </label>
        <button>Change it</button>
      </form>
    </Part>
  );
};

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

const Tenants = ({ person, run }: { person: Person } & Doing) => {
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
      <form
        class="tools"
        onSubmit={(event) => {
          event.preventDefault();
          void run(async () => {
            await call("POST", "/api/setup/tenants", { ...fields, name: fields.name || fields.tenant });
            location.assign(hrefOf({ tenant: fields.tenant, filter: undefined }, "setup"));
          });
        }}
      >
        <label>
          Id <input required pattern="[A-Za-z0-9][A-Za-z0-9._\-]*" maxLength={100} placeholder="acme" value={fields.tenant} onInput={change("tenant")} />
        </label>
        <label>
          Name <input value={fields.name} onInput={change("name")} />
        </label>
        <label>
          Industry{" "}
          <select value={fields.industry} onChange={change("industry")}>
            {Object.values(person.packs).map(({ industry, title }) => (
              <option key={industry} value={industry}>
                {title}
              </option>
            ))}
            <option value="general">Other</option>
          </select>
        </label>
        <label>
          Time zone <input required value={fields.timeZone} onInput={change("timeZone")} />
        </label>
        <label>
          Currency <input required pattern="[A-Z]{3}" size={4} value={fields.currency} onInput={change("currency")} />
        </label>
        <button>Add tenant</button>
      </form>
    </Part>
  );
};

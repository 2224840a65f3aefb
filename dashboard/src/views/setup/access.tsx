// Who may send, ask and look: keys, share links, people, and one's own password.
import { useState } from "preact/hooks";
import { day } from "../../format";
import { Table } from "../../parts/table";
import { call } from "../../server";
import { useSite } from "../../site";
import { Form, Part, Remove, Secret, type Doing, type Everything } from "./part";

export const Keys = ({ keys, run }: { keys: Everything["keys"] } & Doing) => {
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
                <Remove run={run} path={`/api/setup/keys/${key}`} of={`Revoke ${name}`} question={`Revoke “${name}”? Whoever uses it is refused within a minute.`}>
                  Revoke
                </Remove>
              ) : (
                "works"
              ),
          },
        ]}
      />
      {made && <Secret label="The new key, shown this once:" text={made} />}
      {maySetUp && (
        <Form
          run={run}
          action={async () => {
            setMade((await call<{ secret: string }>("POST", "/api/setup/keys", { kind, label })).secret);
            setLabel("");
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
        </Form>
      )}
    </Part>
  );
};

export const Links = ({ links, run }: { links: Everything["links"] } & Doing) => {
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
              <Remove run={run} path={`/api/setup/links/${row.link}`} of={`End now: the link for ${row.label || "anybody"}`} question="End this link now?">
                End now
              </Remove>
            ),
          },
        ]}
      />
      {made && <Secret label="The link, shown this once:" text={`${location.origin}/share/${made}`} />}
      <Form
        run={run}
        action={async () => {
          setMade((await call<{ link: string }>("POST", "/api/setup/links", { label, days: Number(days), password })).link);
          setLabel("");
          setPassword("");
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
      </Form>
    </Part>
  );
};

export const People = ({ people, run }: { people: Everything["people"] } & Doing) => {
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
              <Remove run={run} path={`/api/setup/people/${encodeURIComponent(row.email)}`} of={`Take away the role of ${row.email}`} question={`Take the role of ${row.email} away?`}>
                Take away
              </Remove>
            ),
          },
        ]}
      />
      {made && <Secret label="Their password, shown this once:" text={made} />}
      <Form
        run={run}
        action={async () => {
          setMade((await call<{ password: string | null }>("POST", "/api/setup/people", { email, role })).password);
          setEmail("");
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
      </Form>
    </Part>
  );
};

export const Password = ({ run }: Doing) => {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  return (
    <Part title="Your password" about="Changing it signs you out everywhere else.">
      <Form
        run={run}
        action={async () => {
          await call("POST", "/api/session/password", { old, new: fresh });
          setOld("");
          setFresh("");
        }}
      >
        <label>
          Current password <input type="password" autocomplete="current-password" required value={old} onInput={(event) => setOld(event.currentTarget.value)} />
        </label>
        <label>
          New password <input type="password" autocomplete="new-password" required minLength={10} value={fresh} onInput={(event) => setFresh(event.currentTarget.value)} />
        </label>
        <button>Change it</button>
      </Form>
    </Part>
  );
};

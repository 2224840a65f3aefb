// Who may send, ask and look: keys, share links, people, and one's own password.
import { useState } from "preact/hooks";
import { day } from "../../format";
import { Table } from "../../parts/table";
import { call } from "../../server";
import { useSite } from "../../site";
import { Form, Part, Remove, Secret, type Doing, type Everything } from "./part";

const KINDS = { write: "sends events", read: "reads reports", admin: "both" };
const ROLES = { viewer: "looks", admin: "also sets up", owner: "also says who may" };

const stateOf = ({ revoked_at, expires_at }: Everything["keys"][number]): string => {
  if (revoked_at) return `revoked on ${day(revoked_at)}`;
  if (!expires_at) return "works";
  return `${new Date(expires_at) > new Date() ? "works until" : "ended on"} ${day(expires_at)}`;
};

export const Keys = ({ keys, run }: { keys: Everything["keys"] } & Doing) => {
  const { maySetUp } = useSite();
  const [kind, setKind] = useState("write");
  const [label, setLabel] = useState("");
  const [days, setDays] = useState("");
  const [made, setMade] = useState("");
  return (
    <Part title="Keys" about="A write key sends events and may be seen by anybody. A read key reads reports. An admin key does both: keep it on your servers.">
      <Table
        caption="Keys"
        rows={keys}
        keyOf={({ key }) => key}
        empty="No keys yet."
        columns={[
          { label: "Label", value: ({ label: name }) => name },
          { label: "Kind", value: (row) => row.kind },
          { label: "Made", value: ({ created_at }) => day(created_at) },
          { label: "By", value: ({ created_by }) => created_by ?? "the operator" },
          { label: "State", value: stateOf },
        ]}
      />
      {made && <Secret label="The new key, shown this once:" text={made} />}
      {maySetUp && (
        <Form
          run={run}
          action={async () => {
            setMade((await call<{ secret: string }>("POST", "/api/setup/keys", { kind, label, days: days ? Number(days) : null })).secret);
            setLabel("");
          }}
        >
          <label>
            Kind{" "}
            <select value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
              {Object.entries(KINDS).map(([one, meaning]) => (
                <option key={one} value={one}>
                  {one}: {meaning}
                </option>
              ))}
            </select>
          </label>
          <label>
            Label <input value={label} maxLength={100} placeholder="web site" onInput={(event) => setLabel(event.currentTarget.value)} />
          </label>
          <label>
            Ends after <input type="number" min="1" max="3660" placeholder="days; none: never" value={days} onInput={(event) => setDays(event.currentTarget.value)} />
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
    <Part title="Share links" about="Whoever has the link sees the figures of this site, read only, until it ends; never what a single visitor did.">
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
  const renew = async (theirs: string) => setMade((await call<{ password: string }>("POST", `/api/setup/people/${encodeURIComponent(theirs)}/password`, {})).password);
  return (
    <Part title="People" about="Who may look at this site, and who may change what.">
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
              <button type="button" class="quiet" aria-label={`Renew what ${row.email} signs in with`} onClick={() => confirm(`Give ${row.email} a new password? The one they have works no longer.`) && run(() => renew(row.email))}>
                Renew password
              </button>
            ),
          },
        ]}
      />
      {made && <Secret label="Their password, shown this once, for one sign-in:" text={made} />}
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
            {Object.entries(ROLES).map(([one, meaning]) => (
              <option key={one} value={one}>
                {one}: {meaning}
              </option>
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
  const { person } = useSite();
  return (
    <Part title="Your password" about={person.passwordIsUsedUp ? "The one that you were given was for this sign-in only: choose your own now." : "Changing it signs you out everywhere else."}>
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

interface Loss {
  title: string;
  about: string;
  button: string;
  /** What can be lost: an address to delete by its name. */
  things: Record<string, string>;
}

/** What others miss when it is gone, apart from what is done every day. */
export const Danger = ({ everything: { keys, links, people }, run }: { everything: Everything } & Doing) => {
  const { tenant } = useSite();
  const losses: Loss[] = [
    {
      title: "Revoke a key",
      about: "Whoever uses it is refused within a minute.",
      button: "Revoke",
      things: Object.fromEntries(keys.filter(({ revoked_at }) => !revoked_at).map(({ key, kind, label, created_at }) => [`/api/setup/keys/${key}`, `${label} (${kind}, ${day(created_at)})`])),
    },
    {
      title: "End a share link",
      about: "Whoever has it sees nothing any more.",
      button: "End now",
      things: Object.fromEntries(links.map(({ link, label, created_at }) => [`/api/setup/links/${link}`, `${label || "anybody"} (${day(created_at)})`])),
    },
    {
      title: "Take a role away",
      about: "The person does not see this site any more.",
      button: "Take away",
      things: tenant.role === "owner" ? Object.fromEntries(people.map(({ email, role }) => [`/api/setup/people/${encodeURIComponent(email)}`, `${email} (${role})`])) : {},
    },
  ];
  const possible = losses.filter(({ things }) => Object.keys(things).length);
  return possible.length ? (
    <Part title="Danger" about="What you do here takes effect at once." isDangerous>
      {possible.map((loss) => (
        <Lose key={loss.title} {...loss} run={run} />
      ))}
    </Part>
  ) : null;
};

const Lose = ({ title, about, button, things, run }: Loss & Doing) => {
  const [chosen, choose] = useState("");
  return (
    <div class="tools">
      <label>
        {title}{" "}
        <select value={chosen in things ? chosen : ""} onChange={(event) => choose(event.currentTarget.value)}>
          <option value="">Choose…</option>
          {Object.entries(things).map(([path, name]) => (
            <option key={path} value={path}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {chosen in things && (
        <Remove run={run} path={chosen} of={`${button}: ${things[chosen]}`} question={`${title}: ${things[chosen]}? ${about}`}>
          {button}
        </Remove>
      )}
      <span class="meaning">{about}</span>
    </div>
  );
};

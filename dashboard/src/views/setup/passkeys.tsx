// The passkeys of who looks: made here, called by names, removed.
import { useState } from "preact/hooks";
import { ago } from "../../format";
import { Loading, Problem } from "../../parts/notices";
import { Table } from "../../parts/table";
import { hasAuthenticator, makePasskey } from "../../passkeys";
import { useThing } from "../../questions";
import { call } from "../../server";
import { useSite } from "../../site";
import { Code, Form, Part, type Doing } from "./part";

interface Passkey {
  passkey: number;
  name: string;
  host: string;
  created_at: string;
  last_used_at: string | null;
  is_doubted: boolean;
}

const ABOUT = "Your finger, face or PIN on this device, or a security key, instead of the password. It counts as two factors; whoever has one is asked for it after the password, too.";

export const Passkeys = ({ run }: Doing) => {
  const { tenant, person } = useSite();
  const { thing, error, again } = useThing<Passkey[]>("/api/session/passkeys", tenant.tenant);
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [recovery, setRecovery] = useState<string[]>([]);
  const [removed, remove] = useState<Passkey>();
  const doing: Doing["run"] = async (action) => {
    await run(action);
    setPassword("");
    again();
  };
  const proof = (
    <label>
      Prove that it is you <input type="password" autocomplete="current-password" placeholder="your password" required value={password} onInput={(event) => setPassword(event.currentTarget.value)} />
    </label>
  );
  return (
    <Part title="Passkeys" about={ABOUT}>
      {recovery.length > 0 && (
        <>
          <p>Recovery codes, shown this once. Each opens once, after the password, when you have lost your passkeys: keep them elsewhere.</p>
          <Code label="Recovery codes of passkeys" text={recovery.join("\n")} />
        </>
      )}
      <Problem error={error} />
      {thing ? (
        <Table
          caption="Your passkeys"
          rows={thing}
          keyOf={({ passkey }) => String(passkey)}
          empty="None yet."
          columns={[
            { label: "Name", value: ({ name, host }) => <span title={host}>{name}</span> },
            { label: "Made", value: ({ created_at }) => ago(created_at) },
            { label: "Last used", value: ({ last_used_at, is_doubted }) => (is_doubted ? "There may be a copy: it opens nothing" : last_used_at ? ago(last_used_at) : "never") },
            {
              label: "",
              value: (row) => (
                <>
                  <button
                    type="button"
                    class="quiet"
                    aria-label={`Rename the passkey ${row.name}`}
                    onClick={() => {
                      const called = prompt("What shall it be called?", row.name);
                      if (called) void doing(() => call("POST", `/api/session/passkeys/${row.passkey}`, { name: called }));
                    }}
                  >
                    Rename
                  </button>{" "}
                  <button type="button" class="quiet" aria-label={`Remove the passkey ${row.name}`} onClick={() => remove(row)}>
                    Remove
                  </button>
                </>
              ),
            },
          ]}
        />
      ) : (
        !error && <Loading lines={2} />
      )}
      {removed ? (
        <Form
          key="remove"
          run={doing}
          action={async () => {
            await call("POST", `/api/session/passkeys/${removed.passkey}/end`, { password });
            remove(undefined);
          }}
        >
          {proof}
          <button>Remove {removed.name}</button>
          <button type="button" class="quiet" onClick={() => remove(undefined)}>
            Keep it
          </button>
        </Form>
      ) : person.passkeys && hasAuthenticator() ? (
        <Form
          key="make"
          run={doing}
          action={async () => {
            const options = await call<PublicKeyCredentialCreationOptionsJSON>("POST", "/api/session/passkeys", { password });
            const passkey = await makePasskey(options);
            setRecovery((await call<{ recoveryCodes: string[] }>("POST", "/api/session/passkeys/confirm", { name, passkey })).recoveryCodes);
            setName("");
          }}
        >
          <label>
            Name <input required maxLength={100} placeholder="my phone" value={name} onInput={(event) => setName(event.currentTarget.value)} />
          </label>
          {proof}
          <button>Make a passkey</button>
        </Form>
      ) : (
        <p class="meaning">Here none can be made: that takes a browser that knows passkeys, and an address with HTTPS.</p>
      )}
    </Part>
  );
};

// The second factor of who looks: an authenticator's codes, and recovery codes for who has lost it.
import { useState } from "preact/hooks";
import { Problem } from "../../parts/notices";
import { Refused, call } from "../../server";
import { useSite } from "../../site";
import { Code, Form, Part, type Doing } from "./part";
import { Passkeys } from "./passkeys";

/** `isWanted`: there is nothing else to do. */
export const SecondFactor = ({ run, isWanted = false }: Doing & { isWanted?: boolean }) => {
  const { person } = useSite();
  const [has, setHas] = useState(person.hasSecondFactor);
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [begun, setBegun] = useState<{ secret: string; uri: string }>();
  const [recovery, setRecovery] = useState<string[]>();
  return (
    <Part title="Second factor" about={has ? "Signing in asks for a code of your authenticator, besides the password." : "An app on your phone makes codes; with one of them nobody signs in who only knows your password."}>
      {recovery && (
        <>
          <p>Recovery codes, shown this once. Each opens once, when the authenticator is lost: keep them where it is not.</p>
          <Code label="Recovery codes" text={recovery.join("\n")} />
        </>
      )}
      {begun ? (
        <>
          <p>Type this key into your authenticator (time-based, 6 digits):</p>
          <Code label="Key" text={begun.secret.replace(/(.{4})(?!$)/g, "$1 ")} />
          <p class="meaning">
            On the phone itself: <a href={begun.uri}>open it in the authenticator</a>.
          </p>
          <Form
            run={run}
            action={async () => {
              setRecovery((await call<{ recoveryCodes: string[] }>("POST", "/api/session/second-factor/confirm", { code })).recoveryCodes);
              setBegun(undefined);
              setCode("");
              setHas(true);
            }}
          >
            <label>
              The code that it shows <input required inputMode="numeric" autocomplete="one-time-code" size={8} value={code} onInput={(event) => setCode(event.currentTarget.value)} />
            </label>
            <button>Confirm</button>
          </Form>
        </>
      ) : (
        <details open={isWanted}>
          <summary>{has ? "End it" : "Set it up"}</summary>
          <Form
            run={run}
            action={async () => {
              if (has) {
                await call("POST", "/api/session/second-factor/end", { password });
                setRecovery(undefined);
                setHas(false);
              } else setBegun(await call("POST", "/api/session/second-factor", { password }));
              setPassword("");
            }}
          >
            <label>
              Prove that it is you <input type="password" autocomplete="current-password" placeholder="your password" required value={password} onInput={(event) => setPassword(event.currentTarget.value)} />
            </label>
            <button>{has ? "End it" : "Set it up"}</button>
          </Form>
        </details>
      )}
    </Part>
  );
};

/** Instead of the views of a tenant that wants a second factor of whoever looks. */
export const Locked = () => {
  const [problem, setProblem] = useState<Refused>();
  const run = (action: () => Promise<void>) =>
    action().then(
      () => setProblem(undefined),
      (refused) => setProblem(refused as Refused),
    );
  return (
    <>
      <h1>A second factor is needed</h1>
      <p>This site asks it of whoever looks. Set one up, or make a passkey, and load the page again.</p>
      <Problem error={problem} />
      <SecondFactor run={run} isWanted />
      <Passkeys run={run} />
    </>
  );
};

// Signing in: before the pages, and over them when a sign-in has ended.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../parts/notices";
import { shareLink } from "../address";
import { hasAuthenticator, showPasskey } from "../passkeys";
import { Refused, call, type Person } from "../server";
import icon from "../../icon.svg";

/** What became of a single sign-on: the server sends the browser back here with a code. */
const SIGN_ON = new URLSearchParams(location.search).get("sign-on");
const SIGN_ON_SAYS: Record<string, string> = {
  no_role: "None of your groups may look at anything here. Ask who runs this service.",
  email_missing: "The provider of single sign-on does not say your e-mail address. Ask who runs this service.",
  email_taken: "There is an account of your e-mail address, and nothing proves that it is yours. Ask who runs this service.",
  provider_unavailable: "The provider of single sign-on does not answer. Try again.",
  sign_on_refused: "The provider of single sign-on did not let you in.",
  sign_on_unknown: "This sign-on is over, or was begun in another browser. Begin again.",
  rate_limited: "Too many attempts. Wait a minute, and begin again.",
};

const signOnProblem = (): Refused | undefined => (SIGN_ON ? new Refused(SIGN_ON, SIGN_ON_SAYS[SIGN_ON] ?? "Single sign-on did not work. Begin again.", 401) : undefined);

export const SignIn = ({ hasSingleSignOn, hasPasskeys, done }: { hasSingleSignOn: boolean; hasPasskeys: boolean; done: () => void }) => {
  const isWaiting = hasSingleSignOn && SIGN_ON === "code_needed";
  const head = (
    <>
      <img src={icon} alt="" width="48" height="48" />
      <h1>Footfall</h1>
      <p class="meaning">Numbers that can be proved, event by event.</p>
    </>
  );
  return (
    <main class="door">
      {isWaiting ? (
        <SignOnCode>{head}</SignOnCode>
      ) : (
        <Form hasSingleSignOn={hasSingleSignOn} hasPasskeys={hasPasskeys} problem={signOnProblem()} done={done}>
          {head}
        </Form>
      )}
    </main>
  );
};

/** Leaves the page for the provider, which sends the browser back. */
export const SingleSignOn = () => (
  <button type="button" onClick={() => location.assign("/api/session/oidc")}>
    Sign in with single sign-on
  </button>
);

/** The provider said who it is and asked for no second factor, which the account has. */
const SignOnCode = ({ children }: { children: ComponentChildren }) => {
  const [code, setCode] = useState("");
  const [error, setError] = useState<Refused>();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        call("POST", "/api/session/oidc", { code }).then(() => location.replace("/"), setError);
      }}
    >
      {children}
      <Problem error={error} />
      <CodeField code={code} set={setCode} />
      <button class="main">Sign in</button>
    </form>
  );
};

const CodeField = ({ code, set }: { code: string; set: (code: string) => void }) => (
  <label>
    Code of your authenticator, or a recovery code
    <input name="code" autocomplete="one-time-code" required autofocus value={code} onInput={(event) => set(event.currentTarget.value)} />
  </label>
);

/** Over the page, which waits with all that was begun on it; somebody else has other tenants, and begins anew. */
export const SignInAgain = ({ person, done }: { person: Person; done: () => void }) => (
  <Over title="Sign in again">
    <Form email={person.email} hasSingleSignOn={person.singleSignOn} hasPasskeys={person.passkeys} done={(email) => (email === person.email ? done() : location.assign("/"))}>
      <h2>Sign in again</h2>
      <p class="meaning">Your sign-in has ended. The page behind goes on where it was.</p>
    </Form>
  </Over>
);

/** Over the page of a share link whose visit has ended. */
export const OpenAgain = ({ done }: { done: () => void }) => {
  const [error, setError] = useState<Refused>();
  const open = (password: string) => call("POST", "/api/share", { link: shareLink, password }).then(done, setError);
  useEffect(() => void open(""), []);
  return <Over title="Open the link again">{error && <LinkForm error={error} done={open} />}</Over>;
};

/** A dialog that stays until it is done: nothing behind it can be asked meanwhile. */
const Over = ({ title, children }: { title: string; children: ComponentChildren }) => {
  const place = useRef<HTMLDialogElement>(null);
  useEffect(() => place.current!.showModal(), []);
  return (
    <dialog ref={place} class="door" aria-label={title} onCancel={(event) => event.preventDefault()}>
      {children}
    </dialog>
  );
};

interface Signing {
  email?: string;
  hasSingleSignOn: boolean;
  hasPasskeys: boolean;
  /** Of a single sign-on that has just failed. */
  problem?: Refused;
  done: (email: string) => void;
  children: ComponentChildren;
}

const Form = ({ email: known = "", hasSingleSignOn, hasPasskeys, problem, done, children }: Signing) => {
  const [email, setEmail] = useState(known);
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [error, setError] = useState(problem);
  const [isAsking, setAsking] = useState(false);
  const [wants, setWants] = useState<Refused>(); // the second factor
  const attempt = async (signIn: () => Promise<string>) => {
    setAsking(true);
    try {
      done(await signIn());
    } catch (refused) {
      const { code: why } = refused as Refused;
      setError(refused as Refused);
      if (why === "code_needed") setWants(refused as Refused);
      // what was asked of a passkey is asked once: the password asks anew
      else if (why === "challenge_unknown" || why === "passkey_invalid" || why === "passkey_unknown") setWants(undefined);
      setAsking(false);
    }
  };
  const byPassword = async (second: { code: string } | { passkey: unknown }) => {
    await call("POST", "/api/session", { email, password, ...second });
    return email.trim().toLowerCase();
  };
  const byPasskey = async () => {
    const passkey = await showPasskey(await call("POST", "/api/session/passkey", {}));
    return (await call<{ email: string }>("POST", "/api/session/passkey/confirm", { passkey })).email;
  };
  const ofSecond = wants?.details.passkey;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void attempt(() => byPassword({ code }));
      }}
    >
      {children}
      <Problem error={error?.code === "code_needed" ? undefined : error} />
      <label>
        E-mail address
        <input type="email" name="email" autocomplete="username" required value={email} onInput={(event) => setEmail(event.currentTarget.value)} />
      </label>
      <label>
        Password
        <input type="password" name="password" autocomplete="current-password" required autofocus={known !== ""} value={password} onInput={(event) => setPassword(event.currentTarget.value)} />
      </label>
      {wants && <CodeField code={code} set={setCode} />}
      <button class="main" disabled={isAsking}>
        Sign in
      </button>
      {ofSecond && hasAuthenticator() && (
        <button
          type="button"
          disabled={isAsking}
          onClick={() =>
            void attempt(async () => {
              const passkey = await showPasskey(ofSecond);
              return byPassword({ passkey });
            })
          }
        >
          Show a passkey instead
        </button>
      )}
      {!wants && hasPasskeys && hasAuthenticator() && (
        <button type="button" disabled={isAsking} onClick={() => void attempt(byPasskey)}>
          Sign in with a passkey
        </button>
      )}
      {hasSingleSignOn && <SingleSignOn />}
    </form>
  );
};

/** Before a share link that has a password. */
export const LinkPassword = ({ error, done }: { error: Refused; done: (password: string) => void }) => (
  <main class="door">
    <LinkForm error={error} done={done} />
  </main>
);

const LinkForm = ({ error, done }: { error: Refused; done: (password: string) => void }) => {
  const [password, setPassword] = useState("");
  const isAsked = error.code === "password_needed" || error.code === "password_wrong";
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        done(password);
      }}
    >
      <img src={icon} alt="" width="48" height="48" />
      <h1>A shared dashboard</h1>
      <Problem error={error.code === "password_needed" ? undefined : error} />
      {isAsked && (
        <>
          <label>
            The link's password
            <input type="password" required value={password} onInput={(event) => setPassword(event.currentTarget.value)} />
          </label>
          <button class="main">Open</button>
        </>
      )}
    </form>
  );
};

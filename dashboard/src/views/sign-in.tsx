// Signing in.
import { useState } from "preact/hooks";
import { Problem } from "../parts/notices";
import { Refused, call } from "../server";
import icon from "../../icon.svg";

export const SignIn = ({ done }: { done: () => void }) => {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<Refused>();
  const [isAsking, setAsking] = useState(false);
  return (
    <main class="door">
      <form
        onSubmit={async (event) => {
          event.preventDefault();
          setAsking(true);
          try {
            await call("POST", "/api/session", { email, password });
            done();
          } catch (refused) {
            setError(refused as Refused);
            setAsking(false);
          }
        }}
      >
        <img src={icon} alt="" width="48" height="48" />
        <h1>Footfall</h1>
        <p class="meaning">Numbers that can be proved, event by event.</p>
        <Problem error={error} />
        <label>
          E-mail address
          <input type="email" name="email" autocomplete="username" required value={email} onInput={(event) => setEmail(event.currentTarget.value)} />
        </label>
        <label>
          Password
          <input type="password" name="password" autocomplete="current-password" required value={password} onInput={(event) => setPassword(event.currentTarget.value)} />
        </label>
        <button class="main" disabled={isAsking}>
          Sign in
        </button>
      </form>
    </main>
  );
};

/** Before a share link that has a password. */
export const LinkPassword = ({ error, done }: { error: Refused; done: (password: string) => void }) => {
  const [password, setPassword] = useState("");
  const isAsked = error.code === "password_needed" || error.code === "password_wrong";
  return (
    <main class="door">
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
    </main>
  );
};

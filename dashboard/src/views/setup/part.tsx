// What the parts of the set-up have in common: what they get, how they look, and texts to be copied.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { call, type Person, type Role } from "../../server";

export interface Everything {
  keys: { key: number; kind: string; label: string; created_at: string; created_by: string | null; expires_at: string | null; revoked_at: string | null }[];
  goals: { goal: string; filter: string; value: number | null; currency: string | null; later_values: { from: string; value: number | null; currency: string | null }[] }[];
  funnels: { funnel: string; steps: string[] }[];
  links: { link: number; label: string; has_password: boolean; created_at: string; expires_at: string }[];
  people: { email: string; name: string; role: Role }[];
}

export interface Doing {
  /** Does something, asks again, and says what came of it. */
  run: (action: () => Promise<void>) => Promise<void>;
}

export const Part = ({ title, about, isDangerous, children }: { title: string; about: ComponentChildren; isDangerous?: boolean; children: ComponentChildren }) => (
  <section class={isDangerous ? "panel wide danger" : "panel wide"}>
    <header>
      <h2>{title}</h2>
    </header>
    <p class="meaning">{about}</p>
    {children}
  </section>
);

/** A row of fields and a button, whose action is run. */
export const Form = ({ run, action, children }: { action: () => Promise<void>; children: ComponentChildren } & Doing) => (
  <form
    class="tools"
    onSubmit={(event) => {
      event.preventDefault();
      void run(action);
    }}
  >
    {children}
  </form>
);

/** A button that takes something away, once it is confirmed; `of` names it for who does not see its row. */
export const Remove = ({ run, path, of, question, children }: { path: string; of: string; question: string; children: string } & Doing) => (
  <button type="button" class="quiet" aria-label={of} onClick={() => confirm(question) && run(() => call("DELETE", path))}>
    {children}
  </button>
);

/** The industries that there are packs for, as choices. */
export const Industries = ({ packs }: { packs: Person["packs"] }) => (
  <>
    {Object.values(packs).map(({ industry, title }) => (
      <option key={industry} value={industry}>
        {title}
      </option>
    ))}
  </>
);

/** The industry of a tenant: one that there is a pack for, or any other. */
export const Industry = ({ packs, industry, choose }: { packs: Person["packs"]; industry: string; choose: (industry: string) => void }) => (
  <label>
    Industry{" "}
    <select value={industry} onChange={(event) => choose(event.currentTarget.value)}>
      <Industries packs={packs} />
      {!(industry in packs) && industry !== "general" && <option>{industry}</option>}
      <option value="general">Other</option>
    </select>
  </label>
);

export const Copy = ({ text }: { text: string }) => {
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
export const Secret = ({ label, text }: { label: string; text: string }) => (
  <p class="secret" role="status">
    {label} <code>{text}</code> <Copy text={text} />
  </p>
);

export const Code = ({ label, text }: { label: string; text: string }) => (
  <div class="code">
    <pre tabIndex={0} aria-label={label}>
      {text}
    </pre>
    <Copy text={text} />
  </div>
);

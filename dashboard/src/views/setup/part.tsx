// What the parts of the set-up have in common: what they get, how they look, and texts to be copied.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Role } from "../../server";

export interface Everything {
  keys: { key: number; kind: string; label: string; created_at: string; revoked_at: string | null }[];
  goals: { goal: string; filter: string; value: number | null; currency: string | null }[];
  links: { link: number; label: string; has_password: boolean; created_at: string; expires_at: string }[];
  people: { email: string; name: string; role: Role }[];
}

export interface Doing {
  /** Does something, asks again, and says what went wrong. */
  run: (action: () => Promise<void>) => Promise<void>;
}

export const Part = ({ title, about, children }: { title: string; about: ComponentChildren; children: ComponentChildren }) => (
  <section class="panel wide">
    <header>
      <h2>{title}</h2>
    </header>
    <p class="meaning">{about}</p>
    {children}
  </section>
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

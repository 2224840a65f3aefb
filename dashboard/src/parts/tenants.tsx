// Which tenant: searched by name or id, as there may be hundreds: those that are not listed are asked for.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { call, type Tenant } from "../server";

const MOST = 50; // are listed at once, and told with the session
const PAUSE = 150; // milliseconds of not writing, until it is asked

interface Props {
  tenants: Tenant[];
  /** The id of the one that is shown. */
  now: string;
  choose: (tenant: string) => void;
}

/** Those whose name or id has all the words; names that begin with them first. */
const found = (tenants: Tenant[], text: string): Tenant[] => {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const begins = ({ name }: Tenant) => Number(!name.toLowerCase().startsWith(words[0] ?? ""));
  return tenants.filter(({ name, tenant }) => words.every((word) => `${name} ${tenant}`.toLowerCase().includes(word))).sort((one, other) => begins(one) - begins(other));
};

export const TenantChoice = ({ tenants, now, choose }: Props) => {
  const [isOpen, open] = useState(false);
  const [text, write] = useState("");
  const [at, move] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const list = useId();
  const mayBeMore = tenants.length >= MOST;
  const [asked, setAsked] = useState<{ text: string; tenants: Tenant[] }>();
  useEffect(() => {
    if (!mayBeMore || !text.trim()) return;
    const timer = setTimeout(() => {
      call<Tenant[]>("GET", `/api/session/tenants?search=${encodeURIComponent(text)}`).then((found) => setAsked({ text, tenants: found }), () => {});
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [text, mayBeMore]);
  const isAsking = mayBeMore && text.trim() !== "" && asked?.text !== text;
  const shown = (mayBeMore && text.trim() && !isAsking ? asked!.tenants : found(tenants, text)).slice(0, MOST);
  useEffect(() => {
    if (isOpen) field.current?.focus();
  }, [isOpen]);
  useEffect(() => document.getElementById(`${list}-${at}`)?.scrollIntoView({ block: "nearest" }), [at]);
  const show = () => {
    write("");
    move(Math.max(0, found(tenants, "").slice(0, MOST).findIndex(({ tenant }) => tenant === now)));
    open(!isOpen);
  };
  const close = () => {
    open(false);
    opener.current?.focus();
  };
  const pick = ({ tenant }: Tenant) => {
    close();
    choose(tenant);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") close();
    else if (event.key === "ArrowDown") move(Math.min(at + 1, shown.length - 1));
    else if (event.key === "ArrowUp") move(Math.max(at - 1, 0));
    else if (event.key === "Enter" && shown[at]) pick(shown[at]);
    else return;
    event.preventDefault();
  };
  return (
    <div class="choice" onFocusOut={(event) => isOpen && !event.currentTarget.contains(event.relatedTarget as Node) && open(false)}>
      <button ref={opener} class="tenant" aria-haspopup="listbox" aria-expanded={isOpen} aria-label={`Tenant: ${tenants.find(({ tenant }) => tenant === now)?.name ?? now}`} onClick={show}>
        <span>{tenants.find(({ tenant }) => tenant === now)?.name ?? now}</span> <span aria-hidden="true">▾</span>
      </button>
      {isOpen && (
        <div class="offered">
          <input
            ref={field}
            role="combobox"
            aria-label="Search tenants"
            aria-expanded="true"
            aria-controls={list}
            aria-activedescendant={shown[at] ? `${list}-${at}` : undefined}
            autocomplete="off"
            placeholder={mayBeMore ? "Search all tenants" : `Search ${tenants.length} tenants`}
            value={text}
            onInput={(event) => {
              write(event.currentTarget.value);
              move(0);
            }}
            onKeyDown={onKeyDown}
          />
          <ul id={list} role="listbox" aria-label="Tenants">
            {shown.map((tenant, index) => (
              // the field keeps the focus
              <li key={tenant.tenant} id={`${list}-${index}`} role="option" aria-selected={index === at} onMouseDown={(event) => event.preventDefault()} onClick={() => pick(tenant)}>
                {tenant.name}
              </li>
            ))}
          </ul>
          {mayBeMore && shown.length >= MOST && <p class="meaning">and more: write to find them</p>}
          {!shown.length && <p class="meaning">{isAsking ? "…" : "No tenant is called so."}</p>}
        </div>
      )}
    </div>
  );
};

// The frame: who looks, at which tenant, at which view; views are loaded when they are opened, but for the first.
import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { go, hrefOf, shareLink, useAddress } from "./address";
import { count } from "./format";
import { useStream } from "./live";
import { Loading, Nothing, Problem } from "./parts/notices";
import { useAnswers } from "./questions";
import { ALWAYS, useRounds } from "./rounds";
import { Refused, call, type Person } from "./server";
import { WhoContext, useSite } from "./site";
import { LinkPassword, SignIn } from "./views/sign-in";
import icon from "../icon.svg";

interface View {
  title: string;
  group: string;
  load: () => Promise<ComponentType>;
  /** Tells what single visitors did, or sets something up: not for guests. */
  isInner?: boolean;
}

const VIEWS: Record<string, View> = {
  "": { title: "Overview", group: "Watch", load: () => import("./views/overview").then(({ Overview }) => Overview) },
  realtime: { title: "Realtime", group: "Watch", load: () => import("./views/realtime").then(({ Realtime }) => Realtime), isInner: true },
  sessions: { title: "Visits", group: "Watch", load: () => import("./views/sessions").then(({ Sessions }) => Sessions), isInner: true },
  funnels: { title: "Funnels", group: "Explore", load: () => import("./views/funnels").then(({ Funnels }) => Funnels) },
  retention: { title: "Retention", group: "Explore", load: () => import("./views/retention").then(({ Retention }) => Retention) },
  paths: { title: "Paths", group: "Explore", load: () => import("./views/paths").then(({ Paths }) => Paths) },
  items: { title: "Items", group: "Explore", load: () => import("./views/items").then(({ Items }) => Items) },
  events: { title: "Events", group: "Explore", load: () => import("./views/events").then(({ Events }) => Events) },
  why: { title: "Why this number", group: "Trust", load: () => import("./views/why").then(({ Why }) => Why), isInner: true },
  quality: { title: "Data quality", group: "Trust", load: () => import("./views/quality").then(({ Quality }) => Quality), isInner: true },
  setup: { title: "Set-up", group: "Set up", load: () => import("./views/setup/index").then(({ Setup }) => Setup), isInner: true },
};
const GROUPS = ["Watch", "Explore", "Trust", "Set up"];
const loaded = new Map<View, ComponentType>();

const load = async (view: View): Promise<void> => {
  if (loaded.has(view)) return;
  try {
    loaded.set(view, await view.load());
  } catch {
    // its file has gone: a newer Footfall serves this page by now
    location.reload();
  }
};

export const App = () => {
  const [person, setPerson] = useState<Person>();
  const [error, setError] = useState<Refused>();
  const { view } = useAddress();
  const enter = async (password?: string) => {
    try {
      if (password !== undefined) await call("POST", "/api/share", { link: shareLink, password });
      // all is drawn at once, so that all is asked in one request
      const [known] = await Promise.all([call<Person>("GET", "/api/session"), load(VIEWS[view] ?? VIEWS[""]!)]);
      setPerson(known);
      setError(undefined);
    } catch (refused) {
      // who has not opened the link yet may not need a password
      if (shareLink && password === undefined && (refused as Refused).code === "not_signed_in") await enter("");
      else setError(refused as Refused);
    }
  };
  useEffect(() => void enter(), []);
  if (error?.code === "not_signed_in" && !shareLink) return <SignIn done={() => void enter()} />;
  if (error && shareLink) return <LinkPassword error={error} done={(password) => void enter(password)} />;
  if (error) return <Problem error={error} />;
  if (!person) return null;
  return <Frame person={person} />;
};

const Frame = ({ person }: { person: Person }) => {
  const { view, params } = useAddress();
  const tenant = person.tenants.find(({ tenant: id }) => id === params.get("tenant"));
  const first = person.tenants[0];
  useEffect(() => {
    // an address without a tenant is about the first; one of a tenant that is not theirs says so
    if (first && (!params.get("tenant") || shareLink) && params.get("tenant") !== first.tenant) go(hrefOf({ tenant: first.tenant }), { replace: true });
  });
  if (!first) return <NoTenant person={person} />;
  const opened = VIEWS[view] ?? VIEWS[""]!;
  return (
    <WhoContext.Provider value={tenant && { person, tenant, pack: person.packs[tenant.industry] }}>
      <a class="skip" href="#view">
        Skip to the view
      </a>
      <div class="frame">
        <Sidebar person={person} view={view} isThere={Boolean(tenant)} />
        <main id="view" tabIndex={-1}>
          {tenant ? (
            <Shown key={tenant.tenant} view={opened} name={view} />
          ) : params.get("tenant") ? (
            <>
              <Problem error={new Refused("tenant_unknown", "There is no such tenant, or it is not yours.", 404)} />
              <p>
                <a data-own href={hrefOf({ tenant: first.tenant, filter: undefined })}>
                  Go to {first.name}
                </a>
              </p>
            </>
          ) : null}
        </main>
      </div>
    </WhoContext.Provider>
  );
};

/** Who has an account and nothing to look at: an operator adds the first tenant here. */
const NoTenant = ({ person }: { person: Person }) => {
  const [Form, setForm] = useState<ComponentType<{ person: Person }>>();
  useEffect(() => {
    if (person.isOperator) void import("./views/setup/tenants").then(({ FirstTenant }) => setForm(() => FirstTenant));
  }, []);
  return (
    <main id="view">
      <h1>Footfall</h1>
      {person.isOperator ? Form && <Form person={person} /> : <Nothing>{person.email} has no tenant yet: an owner of one, or the operator, gives a role.</Nothing>}
      <p>
        <SignOut />
      </p>
    </main>
  );
};

const SignOut = () => {
  const [error, setError] = useState<Refused>();
  return (
    <>
      <button
        class="quiet"
        onClick={() =>
          call("DELETE", "/api/session").then(
            () => location.assign("/"),
            (refused) => setError(refused),
          )
        }
      >
        Sign out
      </button>
      <Problem error={error} />
    </>
  );
};

const Shown = ({ view, name }: { view: View; name: string }) => {
  const { tenant, pack } = useSite();
  const [, drawn] = useState(0);
  const heading = useRef<HTMLHeadingElement>(null);
  const isFirst = useRef(true);
  const title = name === "items" && pack ? pack.items : view.title;
  useEffect(() => {
    let isCurrent = true;
    document.title = `${title} · ${tenant.name} · Footfall`;
    if (!loaded.has(view)) void load(view).then(() => isCurrent && drawn((number) => number + 1));
    // who listens to the page hears where a link led
    if (!isFirst.current) heading.current?.focus({ preventScroll: true });
    isFirst.current = false;
    return () => void (isCurrent = false);
  }, [view, tenant.tenant]);
  const Component = loaded.get(view);
  return (
    <>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {Component ? <Component key={name} /> : <Loading lines={12} />}
    </>
  );
};

const Sidebar = ({ person, view, isThere }: { person: Person; view: string; isThere: boolean }) => {
  const { params } = useAddress();
  const [isOpen, setOpen] = useState(false);
  const isGuest = Boolean(shareLink);
  const id = params.get("tenant") ?? "";
  useEffect(() => setOpen(false), [view, id]);
  return (
    <header class={isOpen ? "side open" : "side"}>
      <div class="brand">
        <a data-own href={hrefOf({ details: undefined }, "")}>
          <img src={icon} alt="" width="28" height="28" />
          <b class="product">Footfall</b>
          <b class="whose">{person.tenants.find(({ tenant }) => tenant === id)?.name ?? "Footfall"}</b>
        </a>
        {isThere && !isGuest && <Live />}
        <button class="quiet menu" aria-expanded={isOpen} aria-controls="menu" onClick={() => setOpen(!isOpen)}>
          Menu
        </button>
      </div>
      <div class="menu" id="menu">
        {person.tenants.length > 1 ? (
          <label>
            <span class="unseen">Tenant</span>
            <select class="tenant" value={id} onChange={(event) => go(hrefOf({ tenant: event.currentTarget.value, filter: undefined }, view, true))}>
              {!isThere && <option value={id}>{id}</option>}
              {person.tenants.map(({ tenant, name }) => (
                <option key={tenant} value={tenant}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        ) : (
          <p class="tenant">{person.tenants[0]?.name}</p>
        )}
        <nav aria-label="Views">
          {GROUPS.map((group) => (
            <ul key={group} aria-label={group}>
              <li class="group" aria-hidden="true">
                {group}
              </li>
              {Object.entries(VIEWS)
                .filter(([, one]) => one.group === group && !(isGuest && one.isInner))
                .map(([name, one]) => (
                  <li key={name}>
                    <a data-own href={hrefOf({}, name, true)} aria-current={name === view ? "page" : undefined}>
                      {name === "items" ? (person.packs[person.tenants.find(({ tenant }) => tenant === id)?.industry ?? ""]?.items ?? one.title) : one.title}
                    </a>
                  </li>
                ))}
            </ul>
          ))}
        </nav>
        <div class="foot">
          <Theme />
          {isGuest ? (
            <p>Shared, read only</p>
          ) : (
            <>
              <p title={person.email}>{person.name}</p>
              <SignOut />
            </>
          )}
        </div>
      </div>
    </header>
  );
};

const GATHER = 4000; // milliseconds: events come in crowds

/** Who is there now: counted when the stream tells of events, and every half minute, as visitors also go. */
const Live = () => {
  const { tenant } = useSite();
  const [heard, hear] = useState(0);
  const rounds = useRounds(ALWAYS, tenant.timeZone);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useStream(tenant.tenant, () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      hear((number) => number + 1);
    }, GATHER);
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  const { answers } = useAnswers(tenant.tenant, [{ report: "realtime", limit: 1 }], heard + rounds);
  const now = answers[0]?.visitors_5_minutes;
  return (
    <a data-own class="now" href={hrefOf({}, "realtime")} title="Visitors of the last 5 minutes">
      <i aria-hidden="true" /> {now == null ? "…" : count(now)} <span>now</span>
    </a>
  );
};

const THEMES = ["auto", "light", "dark"];

/** Light or dark: as the system says, or as chosen in this browser. */
const Theme = () => {
  const [theme, set] = useState(localStorage.getItem("footfall-theme") ?? "auto");
  useEffect(() => {
    if (theme === "auto") localStorage.removeItem("footfall-theme");
    else localStorage.setItem("footfall-theme", theme);
    document.documentElement.dataset.theme = theme;
    document.dispatchEvent(new Event("themechange"));
  }, [theme]);
  return (
    <label>
      <span class="unseen">Colours</span>
      <select value={theme} onChange={(event) => set(event.currentTarget.value)}>
        {THEMES.map((one) => (
          <option key={one} value={one}>
            {one === "auto" ? "Colours: system" : one === "light" ? "Colours: light" : "Colours: dark"}
          </option>
        ))}
      </select>
    </label>
  );
};

// Beside every view: whose figures, which view, who is there now, who looks.
import { useEffect, useRef, useState } from "preact/hooks";
import { go, hrefOf, shareLink, useAddress } from "../address";
import { count } from "../format";
import { useStream } from "../live";
import { useAnswers } from "../questions";
import { ALWAYS, useRounds } from "../rounds";
import { Refused, call, type Person } from "../server";
import { useSite } from "../site";
import { GROUPS, VIEWS, isFor } from "../views";
import { Balance } from "./balance";
import { Problem } from "./notices";
import { TenantChoice } from "./tenants";
import icon from "../../icon.svg";

export const Sidebar = ({ person, view, isThere }: { person: Person; view: string; isThere: boolean }) => {
  const { params } = useAddress();
  const [isOpen, setOpen] = useState(false);
  const isGuest = Boolean(shareLink);
  const id = params.get("tenant") ?? "";
  const views = Object.entries(VIEWS).filter(([, one]) => isFor(one, { isGuest, isOwner: person.tenants.find(({ tenant }) => tenant === id)?.role === "owner", isOperator: person.isOperator }));
  useEffect(() => setOpen(false), [view, id]);
  return (
    <header class={isOpen ? "side open" : "side"} onKeyDown={(event) => event.key === "Escape" && setOpen(false)}>
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
          <TenantChoice tenants={person.tenants} now={id} choose={(tenant) => go(hrefOf({ tenant, filter: undefined }, view, true))} />
        ) : (
          <p class="tenant">{person.tenants[0]?.name}</p>
        )}
        <nav aria-label="Views">
          {GROUPS.filter((group) => views.some(([, one]) => one.group === group)).map((group) => (
            <ul key={group} aria-label={group}>
              <li class="group" aria-hidden="true">
                {group}
              </li>
              {views
                .filter(([, one]) => one.group === group)
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
          {isThere && !isGuest && <Balance />}
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

export const SignOut = () => {
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

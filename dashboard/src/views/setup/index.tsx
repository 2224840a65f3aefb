// Set-up: how events come in, what they are counted as, who may look, what the site is.
import { useState } from "preact/hooks";
import { hrefOf } from "../../address";
import { Loading, Problem } from "../../parts/notices";
import { forget, useThing } from "../../questions";
import { Refused } from "../../server";
import { useSite, type Site } from "../../site";
import { Danger, Keys, Links, Password, People } from "./access";
import { Funnels, Goals } from "./goals";
import type { Doing, Everything } from "./part";
import { EventTypes } from "./event-types";
import { Hosts } from "./hosts";
import { Origins } from "./origins";
import { Passkeys } from "./passkeys";
import { Plan } from "./plan";
import { SecondFactor } from "./second-factor";
import { Settings } from "./settings";
import { SignIns } from "./sign-ins";
import { Tenants } from "./tenants";
import { Domains, Snippet, WhatToSend } from "./tracking";

interface Tab {
  title: string;
  Shown: (props: { thing: Everything; site: Site } & Doing) => preact.JSX.Element;
  isFor?: (site: Site) => boolean;
}

// in the address as `part`; the first is shown by default
const TABS: Record<string, Tab> = {
  tracking: {
    title: "Tracking",
    Shown: ({ thing, run }) => (
      <>
        <Snippet everything={thing} run={run} />
        <WhatToSend run={run} />
        <EventTypes run={run} />
        <Domains />
        <Hosts run={run} />
        <Origins run={run} />
      </>
    ),
  },
  goals: {
    title: "Goals and funnels",
    Shown: ({ thing, run }) => (
      <>
        <Goals goals={thing.goals} run={run} />
        <Funnels funnels={thing.funnels} />
      </>
    ),
  },
  access: {
    title: "People and keys",
    Shown: ({ thing, site: { tenant, maySetUp }, run }) => (
      <>
        {tenant.role === "owner" && <People people={thing.people} run={run} />}
        <Keys keys={thing.keys} run={run} />
        {maySetUp && <Links links={thing.links} run={run} />}
        <Password run={run} />
        <SecondFactor run={run} />
        <Passkeys run={run} />
        <SignIns run={run} />
        {maySetUp && <Danger everything={thing} run={run} />}
      </>
    ),
  },
  site: {
    title: "Site",
    isFor: ({ tenant, person }) => tenant.role === "owner" || person.isOperator,
    Shown: ({ site: { tenant, person }, run }) => (
      <>
        {tenant.role === "owner" && <Settings run={run} />}
        {tenant.role === "owner" && <Plan />}
        {person.isOperator && <Tenants person={person} run={run} />}
      </>
    ),
  },
};

export const Setup = () => {
  const site = useSite();
  const { thing, error, again } = useThing<Everything>("/api/setup", site.tenant.tenant);
  const [problem, setProblem] = useState<Refused>();
  const [isDone, setDone] = useState(false);
  const run = async (action: () => Promise<void>) => {
    try {
      setDone(false);
      await action();
      setProblem(undefined);
      setDone(true);
      forget();
      again();
    } catch (refused) {
      setProblem(refused as Refused);
    }
  };
  const tabs = Object.entries(TABS).filter(([, { isFor }]) => !isFor || isFor(site));
  const [part, { Shown }] = tabs.find(([name]) => name === site.params.get("part")) ?? tabs[0]!;
  return (
    <>
      <nav class="tabs large" aria-label="Parts of the set-up">
        {tabs.map(([name, { title }]) => (
          <a key={name} data-own href={hrefOf({ part: name === tabs[0]![0] ? undefined : name })} aria-current={name === part ? "true" : undefined}>
            {title}
          </a>
        ))}
      </nav>
      {/* stays in sight: the page is long */}
      <div class="outcome">
        <Problem error={problem} />
        {isDone && !problem && (
          <p class="proved" role="status">
            ✓ Done
          </p>
        )}
      </div>
      {thing ? <Shown key={part} thing={thing} site={site} run={run} /> : error ? <Problem error={error} again={again} /> : <Loading lines={12} />}
    </>
  );
};

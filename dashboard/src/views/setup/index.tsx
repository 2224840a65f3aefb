// Set-up: how events come in, what they are counted as, who may look.
import { useState } from "preact/hooks";
import { Loading, Problem } from "../../parts/notices";
import { forget, useThing } from "../../questions";
import { Refused } from "../../server";
import { useSite } from "../../site";
import { Keys, Links, People, Password } from "./access";
import { Goals } from "./goals";
import type { Everything } from "./part";
import { Description, Tenants } from "./tenants";
import { Sites, Snippet, WhatToSend } from "./tracking";

export const Setup = () => {
  const { tenant, person, maySetUp } = useSite();
  const { thing, error, again } = useThing<Everything>("/api/setup", tenant.tenant);
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
  if (!thing) return error ? <Problem error={error} /> : <Loading lines={12} />;
  return (
    <>
      {/* stays in sight: the page is long */}
      <div class="outcome">
        <Problem error={problem} />
        {isDone && !problem && (
          <p class="proved" role="status">
            ✓ Done
          </p>
        )}
      </div>
      <Snippet everything={thing} run={run} />
      <WhatToSend run={run} />
      <Sites />
      <Keys keys={thing.keys} run={run} />
      <Goals goals={thing.goals} run={run} />
      {maySetUp && <Links links={thing.links} run={run} />}
      {tenant.role === "owner" && <People people={thing.people} run={run} />}
      {tenant.role === "owner" && <Description run={run} />}
      {person.isOperator && <Tenants person={person} run={run} />}
      <Password run={run} />
    </>
  );
};

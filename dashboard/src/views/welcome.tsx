// Instead of the overview of a tenant that has no event yet: the snippet, a key for it, and whether the first event has come.
import { useState } from "preact/hooks";
import { hrefOf } from "../address";
import { useStream } from "../live";
import { Loading, Problem } from "../parts/notices";
import { useThing } from "../questions";
import type { Refused } from "../server";
import { useSite } from "../site";
import type { Everything } from "./setup/part";
import { Snippet } from "./setup/tracking";

export const Welcome = ({ done }: { done: () => void }) => {
  const { tenant } = useSite();
  const { thing, error, again } = useThing<Everything>("/api/setup", tenant.tenant);
  const [problem, setProblem] = useState<Refused>();
  const [hasCome, setCome] = useState(false);
  useStream(tenant.tenant, () => setCome(true));
  const run = (action: () => Promise<void>) => action().then(() => setProblem(undefined), setProblem);
  if (!thing) return error ? <Problem error={error} again={again} /> : <Loading lines={8} />;
  return (
    <>
      <p>
        No event of {tenant.name} has come yet. Put the snippet on your site, open it in another window, and watch the line below.
      </p>
      <Problem error={problem} />
      <Snippet everything={thing} run={run} />
      <p class="tools">
        {hasCome && (
          <button class="main" onClick={done}>
            Show the figures
          </button>
        )}
        <a data-own href={hrefOf({}, "setup", true)}>
          More of the set-up: what to send, goals, people
        </a>
      </p>
    </>
  );
};

// The snippet and its first event, what to send, and the domains that do.
import { useState } from "preact/hooks";
import { hrefOf } from "../../address";
import { is, textOf } from "../../filters";
import { clock, count, named } from "../../format";
import { readable } from "../../names";
import { useStream, type LiveEvent } from "../../live";
import { Loading, Problem } from "../../parts/notices";
import { Short } from "../../parts/short";
import { Table } from "../../parts/table";
import { useAnswers } from "../../questions";
import { call, type Pack } from "../../server";
import { useSite } from "../../site";
import { Code, Industries, Part, type Doing, type Everything } from "./part";

export const Snippet = ({ everything, run }: { everything: Everything } & Doing) => {
  const { tenant, maySetUp } = useSite();
  const [made, setMade] = useState("");
  const [first, hear] = useState<LiveEvent>();
  const { answers } = useAnswers(tenant.tenant, [{ report: "events", limit: 1 }]);
  useStream(tenant.tenant, hear);
  const last: LiveEvent | undefined = first ?? answers[0]?.rows[0];
  const key = made || "WRITE_KEY";
  const snippet = `<script defer src="${location.origin}/footfall.js" data-key="${key}"></script>`;
  const writeKeys = everything.keys.filter(({ kind, revoked_at }) => kind === "write" && !revoked_at).length;
  return (
    <Part title="The snippet" about="Into the <head> of every page. It counts page views, engaged time, outbound links, downloads and forms by itself, without a cookie.">
      <Code label="Snippet" text={snippet} />
      {!made && (
        <p class="tools">
          <span>
            Put a write key in place of <code>WRITE_KEY</code>. {writeKeys > 0 ? `This site has ${writeKeys}; a key is shown once, when it is made.` : "There is none yet."}
          </span>
          {maySetUp && (
            <button onClick={() => run(async () => setMade((await call<{ secret: string }>("POST", "/api/setup/keys", { kind: "write", label: "site" })).secret))}>Make a write key and put it in</button>
          )}
        </p>
      )}
      <p class={last ? "first received" : "first"} role="status">
        {last ? (
          <>
            <b>Received.</b> {first ? "Just now" : `At ${clock(last.time)}`}: {readable(last.type).toLowerCase()} {last.page && `on ${named("page", last.page)}`}
          </>
        ) : (
          <>
            <b>Waiting for the first event…</b> Open your site in another window: this line changes by itself.
          </>
        )}
      </p>
    </Part>
  );
};

const codeOf = ({ item_type, item_action, funnel, steps, contact }: Pack) =>
  [
    `footfall.item({ item_id: "id-1", item_type: "${item_type}", item_name: "…", action: "${item_action}" });`,
    `footfall.transaction("start", { funnel: "${funnel}", label: "${steps[0]}" });`,
    `footfall.transaction("progress", { funnel: "${funnel}", label: "${steps[1]}" });`,
    `footfall.transaction("complete", { funnel: "${funnel}", label: "${steps[2]}", transaction_id: "…", value: 59.9 });`,
    `footfall.contact({ label: "${contact[0]}", action: "${contact[1]}" });`,
  ].join("\n");

export const WhatToSend = ({ run }: Doing) => {
  const { tenant, person, maySetUp } = useSite();
  const packs = Object.values(person.packs);
  const [industry, choose] = useState(tenant.industry);
  const chosen = person.packs[industry] ?? packs[0]!;
  return (
    <Part title="What to send" about="Goals and a funnel to begin with, and the calls that fill them. What you have under other names stays.">
      <div class="tools">
        <label>
          Industry{" "}
          <select value={chosen.industry} onChange={(event) => choose(event.currentTarget.value)}>
            <Industries packs={person.packs} />
          </select>
        </label>
        {maySetUp && <button onClick={() => run(() => call("POST", "/api/setup/pack", { industry: chosen.industry }))}>Add these goals and the funnel</button>}
      </div>
      <p class="meaning">
        Goals: {chosen.goal_names.join(", ")}. Funnel: {chosen.conversions}.
      </p>
      <Code label="Calls of this industry" text={codeOf(chosen)} />
    </Part>
  );
};

export const Domains = () => {
  const { tenant } = useSite();
  const { answers, error, again } = useAnswers(tenant.tenant, [{ report: "breakdown", dimension: "host", metrics: ["page_views", "visits"], limit: 100 }]);
  const rows: { value: string; page_views: number; visits: number }[] | undefined = answers[0]?.rows.filter(({ value }: { value: string | null }) => value !== null);
  const most = Math.max(1, ...(rows ?? []).map(({ page_views }) => page_views));
  return (
    <Part title="Domains" about="Where events came from in the last 30 days. Put the snippet on as many domains as you like: each opens on its own figures.">
      <Problem error={error} again={again} />
      {rows ? (
        <Table
          caption="Domains"
          rows={rows}
          keyOf={({ value }) => value}
          share={({ page_views }) => page_views / most}
          empty="None yet: a domain appears here with its first event."
          columns={[
            {
              label: "Domain",
              value: ({ value }) => (
                <a data-own href={hrefOf({ filter: textOf(is("host", value)) }, "")}>
                  <Short>{value}</Short>
                </a>
              ),
            },
            { label: "Page views", isNumber: true, value: ({ page_views }) => count(page_views) },
            { label: "Visits", isNumber: true, value: ({ visits }) => count(visits) },
          ]}
        />
      ) : (
        !error && <Loading lines={2} />
      )}
    </Part>
  );
};

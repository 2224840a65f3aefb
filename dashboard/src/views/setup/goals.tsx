// Goals: what visitors are meant to do, by name; put together as the steps of funnels are, and tried before they are saved.
import { useState } from "preact/hooks";
import { hrefOf } from "../../address";
import { split, textOf } from "../../filters";
import { count, day, money } from "../../format";
import { AddCondition } from "../../parts/condition";
import { Problem } from "../../parts/notices";
import { Short } from "../../parts/short";
import { Table } from "../../parts/table";
import { useAnswers } from "../../questions";
import { Refused, call } from "../../server";
import { useSite } from "../../site";
import { said } from "../../words";
import { Form, Part, Remove, type Doing, type Everything } from "./part";

type Goal = Everything["goals"][number];

export const Goals = ({ goals, run }: { goals: Goal[] } & Doing) => {
  const { tenant, maySetUp } = useSite();
  const [edited, edit] = useState<Goal>();
  const [isNew, startNew] = useState(false);
  const [round, next] = useState(0);
  const { answers } = useAnswers(tenant.tenant, [{ report: "goals" }], round);
  const reached = new Map<string, number>(answers[0]?.goals.map(({ goal, events }: { goal: string; events: number }) => [goal, events]));
  const close = () => {
    edit(undefined);
    startNew(false);
  };
  const change: Doing["run"] = async (action) => {
    await run(action);
    next(round + 1);
  };
  return (
    <Part title="Goals" about="What you want visitors to do. A goal counts for all the past from the moment you save it.">
      <Table
        caption="Goals"
        rows={goals}
        keyOf={({ goal }) => goal}
        empty="No goals yet."
        columns={[
          { label: "Goal", value: ({ goal }) => <Short>{goal}</Short> },
          { label: "Reached by", value: ({ filter }) => <span title={filter}>{said(filter)}</span> },
          { label: "Worth", isNumber: true, value: ({ value, currency, later_values }) => [{ from: "", value, currency }, ...later_values].map((one) => `${one.from ? `, from ${day(one.from)}: ` : ""}${one.value == null ? "its own value" : money(one.value, one.currency ?? tenant.currency)}`).join("") },
          { label: "Last 30 days", isNumber: true, value: ({ goal }) => (reached.has(goal) ? count(reached.get(goal)!) : "…") },
          ...(maySetUp
            ? [
                {
                  label: "",
                  value: (row: Goal) => (
                    <button class="quiet" aria-label={`Edit ${row.goal}`} onClick={() => edit(row)}>
                      Edit
                    </button>
                  ),
                },
              ]
            : []),
        ]}
      />
      {maySetUp && !edited && !isNew && (
        <p class="tools">
          <button onClick={() => startNew(true)}>New goal</button>
        </p>
      )}
      {(edited || isNew) && <GoalForm key={edited?.goal} former={edited} names={goals.map(({ goal }) => goal)} run={change} close={close} />}
    </Part>
  );
};

interface FormProps extends Doing {
  /** The goal that is changed. */
  former?: Goal;
  names: string[];
  close: () => void;
}

const GoalForm = ({ former, names, run, close }: FormProps) => {
  const { tenant } = useSite();
  const [name, setName] = useState(former?.goal ?? "");
  const [conditions, set] = useState(split(former?.filter ?? ""));
  const [value, setValue] = useState(former?.value == null ? "" : String(former.value));
  const [since, setSince] = useState("");
  const filter = conditions.join(";");
  const save = async () => {
    if (name !== former?.goal && names.includes(name)) throw new Refused("goal_taken", "There is a goal of this name already.", 409);
    // under another name it is another goal: what it was worth when comes along
    const kept = former && name !== former.goal ? [{ from: null, value: former.value, currency: former.currency }, ...former.later_values] : [];
    const now = { from: since || null, value: value ? Number(value) : null, currency: value ? (former?.currency ?? null) : null };
    for (const one of [...kept, now]) await call("POST", "/api/setup/goals", { goal: name, filter, value: one.value == null ? null : Number(one.value), currency: one.currency, since: one.from });
    if (former && name !== former.goal) await call("DELETE", `/api/setup/goals/${encodeURIComponent(former.goal)}`);
    close();
  };
  return (
    <div class="editor">
      <h3>{former ? `Edit “${former.goal}”` : "New goal"}</h3>
      <ul class="tools" aria-label="Reached by">
        {conditions.map((condition, index) => (
          <li key={condition} class="chip">
            {index > 0 && "and "}
            <b>{said(condition)}</b>
            <button aria-label={`Remove condition: ${said(condition)}`} onClick={() => set(conditions.filter((other) => other !== condition))}>
              ✕
            </button>
          </li>
        ))}
      </ul>
      <div class="tools">
        <AddCondition opens={conditions.length ? "+ And" : "+ Condition"} label="Add condition" start={{ dimension: "page", operator: "=~", values: [] }} isOpen={!former} done={(condition) => set([...new Set([...conditions, textOf(condition)])])} />
      </div>
      {filter && <Preview filter={filter} />}
      <Form run={run} action={save}>
        <label>
          Goal <input required maxLength={100} value={name} placeholder="Pricing seen" onInput={(event) => setName(event.currentTarget.value.trimStart())} />
        </label>
        <label>
          Worth, in {tenant.currency} <input type="number" step="any" value={value} placeholder="its own value" onInput={(event) => setValue(event.currentTarget.value)} />
        </label>
        {former && (
          <label>
            From this day on <input type="date" value={since} title="Empty: always. Days before keep what they have." onInput={(event) => setSince(event.currentTarget.value)} />
          </label>
        )}
        <button disabled={!conditions.length}>Save goal</button>
        <button type="button" class="quiet" onClick={close}>
          Cancel
        </button>
        {former && (
          <Remove
            run={async (action) => {
              await run(action);
              close();
            }}
            path={`/api/setup/goals/${encodeURIComponent(former.goal)}`}
            of={`Remove ${former.goal}`}
            question={`Remove the goal “${former.goal}”? Your events stay as they are.`}
          >
            Remove goal
          </Remove>
        )}
      </Form>
    </div>
  );
};

/** What a goal would have counted. */
const Preview = ({ filter }: { filter: string }) => {
  const { tenant } = useSite();
  const { answers, error } = useAnswers(tenant.tenant, [{ report: "overview", filter }]);
  const metrics: Record<string, number> | undefined = answers[0]?.metrics;
  const times = (number: number) => (number === 1 ? "once" : `${count(number)} times`);
  return (
    <>
      <Problem error={error} />
      {metrics && (
        <p class="preview" role="status">
          {metrics.events ? `Reached ${times(metrics.events!)} in 30 days, in ${count(metrics.visits!)} ${metrics.visits === 1 ? "visit" : "visits"}.` : "Not reached in the last 30 days."}
        </p>
      )}
    </>
  );
};

/** The saved funnels; each is changed where it is looked at. */
export const Funnels = ({ funnels }: { funnels: Everything["funnels"] }) => (
  <Part title="Funnels" about="The ways you want visitors to go, step by step.">
    <Table
      caption="Funnels"
      rows={funnels}
      keyOf={({ funnel }) => funnel}
      empty="No funnels yet."
      columns={[
        {
          label: "Funnel",
          value: ({ funnel }) => (
            <a data-own href={hrefOf({ funnel }, "funnels")}>
              <Short>{funnel}</Short>
            </a>
          ),
        },
        { label: "Steps", value: ({ steps }) => steps.map(said).join(" → ") },
      ]}
    />
    <a data-own class="more" href={hrefOf({ step: "event_type==page_view" }, "funnels")}>
      New funnel →
    </a>
  </Part>
);

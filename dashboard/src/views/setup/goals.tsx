// Goals: filters on events, by name.
import { useState } from "preact/hooks";
import { Table } from "../../parts/table";
import { call } from "../../server";
import { useSite } from "../../site";
import { said } from "../../words";
import { Form, Part, Remove, type Doing, type Everything } from "./part";

export const Goals = ({ goals, run }: { goals: Everything["goals"] } & Doing) => {
  const { maySetUp } = useSite();
  const [goal, setGoal] = useState("");
  const [filter, setFilter] = useState("");
  const [value, setValue] = useState("");
  return (
    <Part title="Goals" about="A goal is a filter on events; it holds for all of history from the moment it is defined.">
      <Table
        caption="Goals"
        rows={goals}
        keyOf={(row) => row.goal}
        empty="No goals yet."
        columns={[
          { label: "Goal", value: (row) => row.goal },
          { label: "Reached by", value: (row) => <span title={row.filter}>{said(row.filter)}</span> },
          { label: "Worth", isNumber: true, value: (row) => row.value ?? "its own value" },
          {
            label: "",
            value: (row) =>
              maySetUp && (
                <Remove run={run} path={`/api/setup/goals/${encodeURIComponent(row.goal)}`} of={`Remove ${row.goal}`} question={`Remove the goal “${row.goal}”?`}>
                  Remove
                </Remove>
              ),
          },
        ]}
      />
      {maySetUp && (
        <Form
          run={run}
          action={async () => {
            await call("POST", "/api/setup/goals", { goal, filter, value: value ? Number(value) : null });
            setGoal("");
            setFilter("");
            setValue("");
          }}
        >
          <label>
            Goal <input required maxLength={100} value={goal} placeholder="Pricing seen" onInput={(event) => setGoal(event.currentTarget.value)} />
          </label>
          <label class="long">
            Filter <input required value={filter} placeholder="page=~/pricing" onInput={(event) => setFilter(event.currentTarget.value)} />
          </label>
          <label>
            Worth <input type="number" step="any" value={value} onInput={(event) => setValue(event.currentTarget.value)} />
          </label>
          <button>Save goal</button>
        </Form>
      )}
    </Part>
  );
};

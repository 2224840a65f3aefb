// Event types of one's own, and those that came without being known: accepted, they are loaded.
import { useState } from "preact/hooks";
import { count, day } from "../../format";
import { Loading, Problem } from "../../parts/notices";
import { Table } from "../../parts/table";
import { useThing } from "../../questions";
import { call } from "../../server";
import { useSite } from "../../site";
import { Form, Part, Remove, type Doing } from "./part";

interface EventType {
  event_type: string;
  category: string | null;
  action: string | null;
  own: boolean;
  known: boolean;
  refused: number;
  last_refused: string | null;
}

export const EventTypes = ({ run }: Doing) => {
  const { tenant, maySetUp } = useSite();
  const { thing, error, again } = useThing<EventType[]>("/api/setup/event-types", tenant.tenant);
  const [fields, set] = useState({ type: "", category: "engagement", action: "view" });
  const change = (field: keyof typeof fields) => (event: { currentTarget: { value: string } }) => set({ ...fields, [field]: event.currentTarget.value });
  const accept = (type: string, category = "engagement", action = "view") =>
    run(async () => {
      await call("POST", "/api/setup/event-types", { type, category, action });
      again();
    });
  const unknown = thing?.filter(({ known }) => !known) ?? [];
  return (
    <Part title="Event types" about="What your site may send. An event of a type that is not here is kept, but not counted. Accept its type, and what came of it is loaded.">
      <Problem error={error} />
      {!thing && !error && <Loading lines={3} />}
      {unknown.length > 0 && (
        <Table
          caption="Types that came and are not accepted"
          rows={unknown}
          keyOf={({ event_type }) => event_type}
          columns={[
            { label: "Not accepted yet", value: ({ event_type }) => <code>{event_type}</code> },
            { label: "Events", isNumber: true, value: ({ refused }) => count(refused) },
            { label: "Last one", value: ({ last_refused }) => last_refused && day(last_refused) },
            { label: "", value: ({ event_type }) => maySetUp && <button onClick={() => accept(event_type)}>Accept and load what came</button> },
          ]}
        />
      )}
      {thing && (
        <Table
          caption="Event types"
          rows={thing.filter(({ known }) => known)}
          keyOf={({ event_type }) => event_type}
          columns={[
            { label: "Type", value: ({ event_type }) => <code>{event_type}</code> },
            { label: "Category, unless sent", value: ({ category }) => category },
            { label: "Action, unless sent", value: ({ action }) => action ?? "must be sent" },
            {
              label: "",
              value: ({ event_type, own }) =>
                own && maySetUp ? (
                  <Remove
                    run={async (action) => {
                      await run(action);
                      again();
                    }}
                    path={`/api/setup/event-types/${encodeURIComponent(event_type)}`}
                    of={`Remove ${event_type}`}
                    question={`Accept ${event_type} no longer? What is counted stays.`}
                  >
                    Remove
                  </Remove>
                ) : (
                  !own && "everybody's"
                ),
            },
          ]}
        />
      )}
      {maySetUp && (
        <Form run={run} action={() => accept(fields.type, fields.category, fields.action)}>
          <label>
            Type <input required maxLength={50} placeholder="quiz_finished" value={fields.type} onInput={change("type")} />
          </label>
          <label>
            Category <input required maxLength={50} value={fields.category} onInput={change("category")} />
          </label>
          <label>
            Action <input required maxLength={50} value={fields.action} onInput={change("action")} />
          </label>
          <button>Accept</button>
        </Form>
      )}
    </Part>
  );
};

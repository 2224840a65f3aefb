// Events and their properties: what is sent, how often, with which values.
import { hrefOf } from "../address";
import { count } from "../format";
import { defaultInterval, todayIn } from "../periods";
import { Bar } from "../parts/bar";
import { Boundary } from "../parts/boundary";
import { Chart, lineOf } from "../parts/chart";
import { Loading, Problem } from "../parts/notices";
import { Details, Panel, questionOf } from "../parts/panel";
import { Table } from "../parts/table";
import { useAnswers } from "../questions";
import { useSite } from "../site";

interface Property {
  key: string;
  events: number;
  values: number;
}

const PANELS = [
  { name: "types", title: "Types", tabs: ["event_type"] },
  { name: "actions", title: "Actions", tabs: ["event_action"] },
  { name: "labels", title: "Labels", tabs: ["event_label"] },
  { name: "funnel_steps", title: "Funnel steps", tabs: ["funnel_step"] },
];

// where answers stand
const AFTER_PANELS = 1 + PANELS.length;

export const Events = () => {
  const { tenant, about, range, params, seesVisitors } = useSite();
  const interval = defaultInterval(range);
  const property = seesVisitors ? params.get("property") : null;
  const { answers, errors, error, isLoading, again } = useAnswers(tenant.tenant, [
    { report: "timeseries", ...about, interval, metrics: ["events"] },
    ...PANELS.map(({ tabs }) => questionOf(tabs[0]!, about)),
    // a property may hold whatever a site sends, also a customer's number: nothing for guests
    ...(seesVisitors ? [{ report: "properties", ...about, limit: 50 }] : []),
    ...(property ? [questionOf(`property:${property}`, about)] : []),
  ]);
  const over = answers[0];
  const properties = answers[AFTER_PANELS];
  const rows: Property[] = properties?.rows ?? [];
  const most = Math.max(1, ...rows.map(({ events }) => events));
  const details = params.get("details");
  return (
    <>
      <Bar />
      <Problem error={error} again={again} />
      <div aria-busy={isLoading} class={isLoading ? "asking" : undefined}>
        <section class="panel wide">
          <header>
            <h2>Events over time</h2>
          </header>
          {over ? (
            <Chart
              title={`Events by ${interval}`}
              interval={interval}
              format={count}
              lines={[lineOf(over, "events", "Events", range.dateTo >= todayIn(tenant.timeZone))]}
            />
          ) : (
            <Loading />
          )}
        </section>
        <div class="panels">
          {PANELS.map((panel, index) => (
            <Boundary key={panel.name} name={panel.title}>
              <Panel about={panel} answer={answers[1 + index]} error={errors[1 + index]} again={again} />
            </Boundary>
          ))}
          {seesVisitors && <section class="panel" aria-labelledby="panel-properties">
            <header>
              <h2 id="panel-properties">Properties</h2>
            </header>
            {properties ? (
              <Table
                caption="Keys of events' own properties"
                rows={rows}
                keyOf={({ key }) => key}
                share={({ events }) => events / most}
                empty="No event in these days brings properties of its own."
                columns={[
                  {
                    label: "Key",
                    value: ({ key }) => (
                      <a data-own href={hrefOf({ property: key })} aria-current={key === property ? "true" : undefined}>
                        {key}
                      </a>
                    ),
                  },
                  { label: "Events", isNumber: true, value: ({ events }) => count(events) },
                  { label: "Values", isNumber: true, value: ({ values }) => count(values) },
                ]}
              />
            ) : (
              <Loading />
            )}
          </section>}
          {property && <Panel about={{ name: "property-values", title: `Values of ${property}`, tabs: [`property:${property}`] }} answer={answers[AFTER_PANELS + 1]} error={errors[AFTER_PANELS + 1]} again={again} />}
        </div>
      </div>
      {details && <Details key={details} dimension={details} />}
    </>
  );
};

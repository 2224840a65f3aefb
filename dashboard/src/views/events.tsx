// Events and their properties: what is sent, how often, with which values.
import { hrefOf } from "../address";
import { joined } from "../filters";
import { count } from "../format";
import { defaultInterval, todayIn } from "../periods";
import { Bar } from "../parts/bar";
import { Chart, lineOf } from "../parts/chart";
import { Loading, Problem } from "../parts/notices";
import { Details, Panel, questionOf } from "../parts/panel";
import { Table } from "../parts/table";
import { useAnswers, type Answer } from "../questions";
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

// what the tracker sends by itself, with a label that tells
const AUTOMATIC: Record<string, string> = { outbound_link: "Outbound links", download: "Downloads", form_submit: "Forms", not_found: "Missing pages" };

const Automatic = ({ chosen, answer }: { chosen: string; answer?: Answer }) => {
  const rows: { value: string; events: number; visits: number }[] = answer?.rows ?? [];
  const most = Math.max(1, ...rows.map(({ events }) => events));
  return (
    <section class="panel" aria-labelledby="panel-automatic">
      <header>
        <h2 id="panel-automatic">Links, downloads, forms</h2>
        <nav class="tabs" aria-label="What the tracker sends by itself">
          {Object.entries(AUTOMATIC).map(([action, label]) => (
            <a key={action} data-own href={hrefOf({ automatic: action })} aria-current={action === chosen ? "true" : undefined}>
              {label}
            </a>
          ))}
        </nav>
      </header>
      {answer ? (
        <Table
          caption={AUTOMATIC[chosen]!}
          rows={rows}
          keyOf={({ value }) => value}
          share={({ events }) => events / most}
          empty={`No ${AUTOMATIC[chosen]!.toLowerCase()} in these days.`}
          columns={[
            { label: AUTOMATIC[chosen]!, value: ({ value }) => <span title={value}>{value}</span> },
            { label: "Events", isNumber: true, value: ({ events }) => count(events) },
            { label: "Visits", isNumber: true, value: ({ visits }) => count(visits) },
          ]}
        />
      ) : (
        <Loading />
      )}
    </section>
  );
};

// where answers stand
const AFTER_PANELS = 1 + PANELS.length;

export const Events = () => {
  const { tenant, about, range, params, seesVisitors } = useSite();
  const interval = defaultInterval(range);
  const property = seesVisitors ? params.get("property") : null;
  const automatic = AUTOMATIC[params.get("automatic") ?? ""] ? params.get("automatic")! : "outbound_link";
  const { answers, error, isLoading } = useAnswers(tenant.tenant, [
    { report: "timeseries", ...about, interval, metrics: ["events"] },
    ...PANELS.map(({ tabs }) => questionOf(tabs[0]!, about)),
    { ...questionOf("event_label", about), filter: joined(about.filter, { dimension: "event_action", operator: "==", value: automatic }) },
    // a property may hold whatever a site sends, also a customer's number: nothing for guests
    ...(seesVisitors ? [{ report: "properties", ...about, limit: 50 }] : []),
    ...(property ? [questionOf(`property:${property}`, about)] : []),
  ]);
  const over = answers[0];
  const properties = answers[AFTER_PANELS + 1];
  const rows: Property[] = properties?.rows ?? [];
  const most = Math.max(1, ...rows.map(({ events }) => events));
  const details = params.get("details");
  return (
    <>
      <Bar />
      <Problem error={error} />
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
            <Panel key={panel.name} about={panel} answer={answers[1 + index]} />
          ))}
          <Automatic chosen={automatic} answer={answers[AFTER_PANELS]} />
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
          {property && <Panel about={{ name: "property-values", title: `Values of ${property}`, tabs: [`property:${property}`] }} answer={answers[AFTER_PANELS + 2]} />}
        </div>
      </div>
      {details && <Details key={details} dimension={details} />}
    </>
  );
};

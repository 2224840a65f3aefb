// The first view: the figures of the period, one of them over time, and what they are made of.
import { go, hrefOf } from "../address";
import { whyHref } from "../figures";
import { joined } from "../filters";
import { count, money, named, percent, shortMoney } from "../format";
import { comparedWith, defaultInterval, intervalsOf, todayIn } from "../periods";
import { Bar } from "../parts/bar";
import { Chart, lineOf, type Line } from "../parts/chart";
import { Loading, Problem } from "../parts/notices";
import { Details, Panel, filteredBy, questionOf, shownIn, type PanelAbout } from "../parts/panel";
import { Table } from "../parts/table";
import { useAnswers, type Answer } from "../questions";
import { useRounds } from "../rounds";
import { useSite } from "../site";
import { itemsWord, metricOf } from "../words";

const CARDS = ["visitors", "visits", "page_views", "bounce_rate", "visit_duration", "conversions", "conversion_rate", "revenue"];
const PANELS: Record<string, PanelAbout> = {
  sources: { name: "sources", title: "Sources", tabs: ["source", "channel", "referrer"] },
  pages: { name: "pages", title: "Pages", tabs: ["page", "host"] },
  entries: { name: "entries", title: "Entries and exits", tabs: ["entry_page", "exit_page"] },
  campaigns: { name: "campaigns", title: "Campaigns", tabs: ["utm_campaign", "utm_source", "utm_medium"] },
  devices: { name: "devices", title: "Devices", tabs: ["device", "browser", "os", "language"] },
  locations: { name: "locations", title: "Locations", tabs: ["country"] },
};
const ORDER = ["sources", "pages", "items", "goals", "entries", "locations", "devices", "campaigns"];

export const Overview = () => {
  const { tenant, pack, params, range, before, compare, about } = useSite();
  const round = useRounds(range.dateTo, tenant.timeZone);
  const cards = pack?.cards ?? CARDS;
  const metric = params.get("metric") ?? cards[0]!;
  const isOfDays = metric === "bounce_rate" || metric === "visit_duration";
  const intervals = intervalsOf(range).filter((interval) => !isOfDays || interval !== "hour");
  const wanted = params.get("interval") ?? defaultInterval(range);
  const interval = intervals.includes(wanted) ? wanted : (intervals[0] ?? "day");
  const order = [...new Set([...(pack?.panels ?? []), ...ORDER])];
  const panels = order.flatMap((name) => PANELS[name] ?? []);

  const series = { report: "timeseries", interval, metrics: [metric] };
  const { answers, error, isLoading } = useAnswers(
    tenant.tenant,
    [
      { report: "overview", ...about, compare: before ? [compare] : [] },
      { ...series, ...about },
      { report: "goals", ...about },
      { report: "items", ...about, limit: 8 },
      ...panels.map((panel) => questionOf(shownIn(panel, params), about)),
      ...(before ? [{ ...series, ...about, ...before }] : []),
    ],
    round,
  );
  const [overview, over, goals, items] = answers;
  const overBefore = before ? answers[4 + panels.length] : undefined;
  const { label, format } = metricOf(metric, pack);
  const answerOf = (name: string) => answers[4 + panels.findIndex((panel) => panel.name === name)];
  const details = params.get("details");
  return (
    <>
      <Bar hasComparison />
      <Problem error={error} />
      <div aria-busy={isLoading} class={isLoading ? "asking" : undefined}>
        <ul class="cards" aria-label="Figures">
          {cards.map((name) => (
            <Card key={name} name={name} isShown={name === metric} answer={overview} />
          ))}
        </ul>
        <section class="panel wide" aria-label={`${label} over time`}>
          <header>
            <h2>{label}</h2>
            <nav class="tabs" aria-label="Interval">
              {intervals.map((one) => (
                <a key={one} data-own href={hrefOf({ interval: one })} aria-current={one === interval ? "true" : undefined}>
                  {one}
                </a>
              ))}
            </nav>
          </header>
          {over ? <Chart title={`${label} by ${interval}`} lines={linesOf(over, overBefore, metric, label, range.dateTo >= todayIn(tenant.timeZone))} interval={interval} format={(value) => format(value, tenant.currency)} axis={metric === "revenue" ? (value) => shortMoney(value, tenant.currency) : undefined} /> : <Loading lines={7} />}
        </section>
        <div class="panels">
          {order.map((name) =>
            name === "goals" ? <Goals key={name} answer={goals} /> : name === "items" ? <Items key={name} answer={items} /> : <Panel key={name} about={PANELS[name]!} answer={answerOf(name)} />,
          )}
        </div>
      </div>
      {details && <Details key={details} dimension={details} />}
    </>
  );
};

const linesOf = (over: Answer, before: Answer | undefined, metric: string, label: string, isOpen: boolean): Line[] => {
  const line = lineOf(over, metric, label, isOpen);
  return before ? [line, { ...lineOf(before, metric, `${label} before`), isBefore: true }] : [line];
};

const Card = ({ name, isShown, answer }: { name: string; isShown: boolean; answer?: Answer }) => {
  const { tenant, pack, compare, range, seesVisitors } = useSite();
  const { label, meaning, isBetterLower, format } = metricOf(name, pack);
  const change = answer?.comparison?.[compare]?.change[name];
  const then = answer?.comparison?.[compare]?.metrics[name];
  return (
    <li class={isShown ? "card shown" : "card"}>
      <button aria-pressed={isShown} onClick={() => go(hrefOf({ metric: name }))} title={meaning}>
        <span class="label">{label}</span>
        <span class="value">{answer ? (name === "revenue" ? shortMoney : format)(answer.metrics[name], tenant.currency) : "…"}</span>
        {answer && comparedWith(range, compare) && (
          <span class={`change ${change == null || change === 0 ? "" : change > 0 !== Boolean(isBetterLower) ? "good" : "bad"}`}>
            {change == null ? (then === 0 ? "new" : "–") : `${change > 0 ? "▲" : change < 0 ? "▼" : "="} ${percent(Math.abs(change))}`}
            <span class="unseen"> compared with {then != null && format(then, tenant.currency)}</span>
          </span>
        )}
      </button>
      {seesVisitors && (
        <a data-own class="why" href={whyHref(name)} aria-label={`Why this number: ${label}`} title="Why this number?">
          why?
        </a>
      )}
    </li>
  );
};

interface Goal {
  goal: string;
  visits: number;
  conversion_rate: number;
  value: number;
}

const Goals = ({ answer }: { answer?: Answer }) => {
  const { filter, tenant, maySetUp, seesVisitors } = useSite();
  const rows: Goal[] = [...(answer?.goals ?? [])].sort((one, other) => other.visits - one.visits);
  const most = Math.max(1, ...rows.map(({ visits }) => visits));
  const hasValues = rows.some(({ value }) => value);
  return (
    <section class="panel" aria-labelledby="panel-goals">
      <header>
        <h2 id="panel-goals">Goals</h2>
      </header>
      {answer ? (
        <Table
          caption="Goals: visits that reached them"
          rows={rows}
          keyOf={({ goal }) => goal}
          share={({ visits }) => visits / most}
          empty="No goals yet: an industry pack brings some, or define your own in the set-up."
          columns={[
            {
              label: "Goal",
              value: ({ goal }) => (
                <a data-own href={filteredBy(filter, "goal", goal)}>
                  {goal}
                </a>
              ),
            },
            { label: "Visits", isNumber: true, value: ({ visits }) => count(visits) },
            { label: "Rate", isNumber: true, value: ({ conversion_rate }) => percent(conversion_rate) },
            ...(hasValues ? [{ label: "Value", isNumber: true, value: ({ value }: Goal) => (value ? money(value, tenant.currency) : "") }] : []),
            ...(seesVisitors
              ? [
                  {
                    label: "Proof",
                    value: ({ goal }: Goal) => (
                      <a data-own href={whyHref("visits", {}, joined(filter, { dimension: "goal", operator: "==", value: goal }))} aria-label={`Why this number: ${goal}`}>
                        why?
                      </a>
                    ),
                  },
                ]
              : []),
          ]}
        />
      ) : (
        <Loading />
      )}
      {maySetUp && (
        <a data-own class="more" href={hrefOf({}, "setup")}>
          Set up goals →
        </a>
      )}
    </section>
  );
};

interface Item {
  item: string;
  name: string | null;
  interactions: number;
  value: number;
}

const Items = ({ answer }: { answer?: Answer }) => {
  const { filter, tenant, pack } = useSite();
  const rows: Item[] = answer?.rows ?? [];
  const most = Math.max(1, ...rows.map(({ interactions }) => interactions));
  const hasValues = rows.some(({ value }) => value);
  return (
    <section class="panel" aria-labelledby="panel-items">
      <header>
        <h2 id="panel-items">{itemsWord(pack)}</h2>
      </header>
      {answer ? (
        <Table
          caption={itemsWord(pack)}
          rows={rows}
          keyOf={({ item }) => item}
          share={({ interactions }) => interactions / most}
          columns={[
            {
              label: "Item",
              value: ({ item, name }) => (
                <a data-own href={filteredBy(filter, "item", item)} title={item}>
                  {name ?? named("item", item)}
                </a>
              ),
            },
            { label: "Interactions", isNumber: true, value: ({ interactions }) => count(interactions) },
            ...(hasValues ? [{ label: "Value", isNumber: true, value: ({ value }: Item) => (value ? money(value, tenant.currency) : "") }] : []),
          ]}
        />
      ) : (
        <Loading />
      )}
      <a data-own class="more" href={hrefOf({ details: "item", sort: undefined, search: undefined, rows: undefined })}>
        Details<span class="unseen"> of items</span> →
      </a>
    </section>
  );
};

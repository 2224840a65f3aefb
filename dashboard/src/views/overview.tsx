// The first view: the figures of the period, one of them over time, and what they are made of.
import { useEffect, useState } from "preact/hooks";
import { go, hrefOf } from "../address";
import { whyHref } from "../figures";
import { is, joined } from "../filters";
import { count, days, money, named, percent, shortMoney } from "../format";
import { PERIODS, defaultInterval, intervalsOf, periodOf, todayIn } from "../periods";
import { Bar } from "../parts/bar";
import { Boundary } from "../parts/boundary";
import { Chart, lineOf, type Line } from "../parts/chart";
import { Later } from "../parts/later";
import { Loading, Problem, Waiting } from "../parts/notices";
import { Details, Panel, ROWS, filteredBy, questionOf, shownIn, type PanelAbout } from "../parts/panel";
import { Proof } from "../parts/proof";
import { Short } from "../parts/short";
import { Table } from "../parts/table";
import { useAnswers, type Answer, type Answered } from "../questions";
import { useRounds } from "../rounds";
import { useSite } from "../site";
import { itemWord, itemsWord, metricOf } from "../words";

/** How pages are read. Counted from events, so asked beside what the panels show: the other figures do not wait for it. */
const READ = ["engaged_time", "time_on_page", "scroll_depth"];
const CARDS = ["visitors", "visits", "page_views", "bounce_rate", "visit_duration", "conversions", "conversion_rate", "revenue"];
const PANELS: Record<string, PanelAbout> = {
  sources: { name: "sources", title: "Sources", tabs: ["source", "channel", "referrer"] },
  pages: { name: "pages", title: "Pages", tabs: ["page", "host"] },
  entries: { name: "entries", title: "Entries and exits", tabs: ["entry_page", "exit_page"] },
  campaigns: { name: "campaigns", title: "Campaigns", tabs: ["utm_campaign", "utm_source", "utm_medium", "utm_content", "utm_term"] },
  devices: { name: "devices", title: "Devices", tabs: ["device", "browser", "os", "os_version", "language"] },
  locations: { name: "locations", title: "Locations", tabs: ["country"] },
};
const ORDER = ["sources", "pages", "items", "goals", "entries", "locations", "devices", "campaigns"];

export const Overview = () => {
  const { tenant, pack, params, range, compare, about, seesVisitors } = useSite();
  const round = useRounds(range.dateTo, tenant.timeZone);
  const cards = pack?.cards ?? CARDS;
  const metric = params.get("metric") ?? cards[0]!;
  const isOfDays = metric === "bounce_rate" || metric === "visit_duration";
  const intervals = intervalsOf(range).filter((interval) => !isOfDays || interval !== "hour");
  const wanted = params.get("interval") ?? defaultInterval(range);
  const interval = intervals.includes(wanted) ? wanted : (intervals[0] ?? "day");
  const order = [...new Set([...(pack?.panels ?? []), ...ORDER])];
  const panels = order.flatMap((name) => PANELS[name] ?? []);

  // a share of nothing is no share, and no mean either: buckets without visits are left out
  const series = { report: "timeseries", interval, metrics: metricOf(metric).isOfVisits ? [metric, "visits"] : [metric] };
  const comparing = compare ? [compare] : [];
  // of hours, days are drawn where a figure is of whole visits: what was before them has no days of its own
  const drawn = range.hours && interval !== "hour" ? [] : comparing;
  // figures first, in a request of their own: they are there before what they are made of is counted
  const figures = useAnswers(tenant.tenant, [{ report: "overview", ...about, compare: comparing }, { ...series, ...about, compare: drawn }], round);
  const made = useAnswers(
    tenant.tenant,
    [
      { report: "goals", ...about },
      { report: "items", ...about, limit: 8 },
      ...panels.map((panel) => questionOf(shownIn(panel, params), about)),
      { report: "overview", ...about, metrics: ["visits", ...READ], compare: comparing },
      { report: "engagement", ...about, limit: ROWS },
    ],
    round,
    false,
    true,
  );
  const [overview, over] = figures.answers;
  const { label, format, isWhole } = metricOf(metric, pack);
  const names = ["goals", "items", ...panels.map(({ name }) => name), "read"];
  const answerOf = (name: string) => made.answers[names.indexOf(name)];
  const failedOf = (name: string) => ({ error: made.errors[names.indexOf(name)], again: made.again });
  const isLoading = figures.isLoading || made.isLoading;
  const again = () => [figures, made].forEach((one) => one.again());
  const details = params.get("details");
  // of an empty range it is asked whether there was ever anything
  const isEmpty = overview?.metrics.events === 0 && !about.filter && !about.asOf;
  const today = todayIn(tenant.timeZone);
  const [first, last] = PERIODS.all!.range(today, tenant.weekStart);
  const ever = useAnswers(tenant.tenant, isEmpty ? [{ report: "overview", dateFrom: first, dateTo: last, includeBots: true }] : [], round);
  const [isWelcome, welcome] = useState(false);
  useEffect(() => {
    if (isEmpty && ever.answers[0]?.metrics.events === 0) welcome(true);
  }, [isEmpty, ever.answers[0]]);
  if (isWelcome && seesVisitors) return <Later load={() => import("./welcome").then(({ Welcome }) => Welcome)} done={() => (welcome(false), again(), ever.again())} />;
  if (isEmpty && !ever.answers[0] && !ever.error)
    return (
      <>
        <Bar hasComparison />
        <Loading lines={12} />
      </>
    );
  return (
    <>
      <Bar hasComparison />
      <Problem error={figures.error ?? made.error} again={again} />
      <div aria-busy={isLoading} class={isLoading ? "asking" : undefined}>
        <ul class="cards" aria-label="Figures">
          {cards.map((name) => (
            <Card key={name} name={name} isShown={name === metric} answer={overview} />
          ))}
        </ul>
        <ul class="cards read" aria-label="Reading">
          {READ.map((name) => (
            <Card key={name} name={name} isShown={name === metric} answer={answerOf("read")} />
          ))}
        </ul>
        {compare && overview?.comparison && <Compared {...overview.comparison[compare]} />}
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
          {over ? <Chart title={`${label} by ${interval}`} lines={linesOf(over, compare && over.comparison?.[compare], metric, label, range.dateTo >= today, periodOf(params) === "all")} interval={interval} format={(value) => format(value, tenant.currency)} axis={metric === "revenue" ? (value) => shortMoney(value, tenant.currency) : undefined} isWhole={isWhole} /> : <Waiting name={label} lines={7} error={figures.errors[1]} again={figures.again} />}
        </section>
        <div class="panels">
          {order.map((name) => (
            <Boundary key={name} name={PANELS[name]?.title ?? (name === "goals" ? "Goals" : itemsWord(pack))}>
              {name === "goals" ? (
                <Goals answer={answerOf(name)} {...failedOf(name)} />
              ) : name === "items" ? (
                <Items answer={answerOf(name)} {...failedOf(name)} />
              ) : (
                <Panel about={PANELS[name]!} answer={answerOf(name)} engagement={made.answers.at(-1)} {...failedOf(name)} />
              )}
            </Boundary>
          ))}
        </div>
      </div>
      {details && <Details key={details} dimension={details} />}
    </>
  );
};

const linesOf = (over: Answer, before: Pick<Answer, "buckets"> | undefined | "", metric: string, label: string, isOpen: boolean, isAllTime: boolean): Line[] => {
  const line = lineOf(isAllTime ? sinceFirst(over, metric) : over, metric, label, isOpen);
  return before ? [line, { ...lineOf(before, metric, `${label} before`), isBefore: true }] : [line];
};

/** All time begins where there is something. */
const sinceFirst = (over: Answer, metric: string): Answer => {
  const first = over.buckets.findIndex((bucket: Record<string, number>) => bucket[metric]);
  return { ...over, buckets: over.buckets.slice(Math.max(0, first)) };
};

const Card = ({ name, isShown, answer }: { name: string; isShown: boolean; answer?: Answer }) => {
  const { tenant, pack, compare, seesVisitors } = useSite();
  const { label, meaning, isBetterLower, isPercentage, isOfVisits, format } = metricOf(name, pack);
  const before = compare ? answer?.comparison?.[compare] : undefined;
  const change = before?.change[name];
  const then = before?.metrics[name];
  const isKnown = (metrics: Record<string, number>) => metrics[name] != null && (!isOfVisits || metrics.visits! > 0);
  return (
    <li class={isShown ? "card shown" : "card"}>
      <button aria-pressed={isShown} onClick={() => go(hrefOf({ metric: name }))} title={meaning}>
        <span class="label">{label}</span>
        <span class="value" title={answer && isKnown(answer.metrics) ? format(answer.metrics[name], tenant.currency) : undefined}>
          {!answer ? "…" : isKnown(answer.metrics) ? (name === "revenue" ? shortMoney : format)(answer.metrics[name], tenant.currency) : "–"}
        </span>
        {answer && before && isKnown(answer.metrics) && isKnown(before.metrics) && (
          <span class={`change ${change == null || change === 0 ? "" : change > 0 !== Boolean(isBetterLower) ? "good" : "bad"}`}>
            {change == null ? (then !== 0 ? "–" : answer.metrics[name] === 0 ? "=" : "new") : `${change > 0 ? "▲" : change < 0 ? "▼" : "="} ${isPercentage ? `${count(Math.abs(change))} points` : percent(Math.abs(change))}`}
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

/** What the figures are compared with: of a range that still runs, the same part of the other one. */
const Compared = ({ dateFrom, dateTo, until }: { dateFrom: string; dateTo: string; until?: string }) => (
  <p class="compared">
    Compared with {days(dateFrom, dateTo)}
    {until && `, until ${until.slice(11, 16)}`}
  </p>
);

interface Goal {
  goal: string;
  visits: number;
  conversion_rate: number;
  value: number;
}

const Goals = ({ answer, error, again }: Answered) => {
  const { filter, tenant, maySetUp } = useSite();
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
                  <Short>{goal}</Short>
                </a>
              ),
            },
            {
              label: "Visits",
              isNumber: true,
              value: ({ goal, visits }) => (
                <Proof href={whyHref("visits", {}, joined(filter, is("goal", goal)))} of={`visits that reached ${goal}`}>
                  {count(visits)}
                </Proof>
              ),
            },
            { label: "Rate", isNumber: true, value: ({ conversion_rate }) => percent(conversion_rate) },
            ...(hasValues ? [{ label: "Value", isNumber: true, value: ({ value }: Goal) => (value ? money(value, tenant.currency) : "") }] : []),
          ]}
        />
      ) : (
        <Waiting name="Goals" error={error} again={again} />
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

const Items = ({ answer, error, again }: Answered) => {
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
              label: itemWord(pack),
              value: ({ item, name }) => (
                <a data-own href={filteredBy(filter, "item", item)}>
                  <Short title={item}>{name ?? named("item", item)}</Short>
                </a>
              ),
            },
            { label: "Interactions", isNumber: true, value: ({ interactions }) => count(interactions) },
            ...(hasValues ? [{ label: "Value", isNumber: true, value: ({ value }: Item) => (value ? money(value, tenant.currency) : "") }] : []),
          ]}
        />
      ) : (
        <Waiting name={itemsWord(pack)} error={error} again={again} />
      )}
      <a data-own class="more" href={hrefOf({ details: "item", sort: undefined, search: undefined, rows: undefined })}>
        Details<span class="unseen"> of items</span> →
      </a>
    </section>
  );
};

// Items: what visitors did with each, and what it brought; revenue over time.
import { hrefOf } from "../address";
import { whyHref } from "../figures";
import { is, joined } from "../filters";
import { count, money, named, shortMoney } from "../format";
import { defaultInterval, todayIn } from "../periods";
import { Bar } from "../parts/bar";
import { Chart, lineOf } from "../parts/chart";
import { Loading, Problem } from "../parts/notices";
import { filteredBy } from "../parts/panel";
import { Proof } from "../parts/proof";
import { Short } from "../parts/short";
import { Table } from "../parts/table";
import { useAnswers } from "../questions";
import { addressOf } from "../server";
import { useSite } from "../site";
import { itemWord, itemsWord, metricOf } from "../words";

interface Item {
  item: string;
  name: string | null;
  views: number;
  interactions: number;
  visits: number;
  conversions: number;
  value: number;
}

export const Items = () => {
  const { tenant, pack, about, filter, range, params } = useSite();
  const page = params.get("cursor") ?? "0";
  const cursor = parseInt(page); // rows that were before
  const interval = defaultInterval(range);
  const { answers, error, isLoading, again } = useAnswers(tenant.tenant, [
    { report: "items", ...about, limit: 50, cursor: page },
    { report: "timeseries", ...about, interval, metrics: ["revenue", "conversions"] },
    { report: "overview", ...about },
  ]);
  const [items, over, overview] = answers;
  const currencies = Object.entries((overview?.revenue_by_currency ?? {}) as Record<string, number>);
  const rows: Item[] = items?.rows ?? [];
  const most = Math.max(1, ...rows.map(({ interactions }) => interactions));
  const hasRevenue = currencies.length > 0;
  const metric = hasRevenue ? "revenue" : "conversions";
  const proved = (figure: string, { item }: Item, text: string, condition = "") => (
    <Proof href={whyHref(figure, {}, joined(filter, is("item", item)) + condition)} of={`${figure.replace("_", " ")} of ${item}`}>
      {text}
    </Proof>
  );
  return (
    <>
      <Bar />
      <Problem error={error} again={again} />
      <section class="panel wide" aria-busy={isLoading}>
        <header>
          <h2>
            {metricOf(metric, pack).label} {currencies.map(([currency, value]) => (
              <small key={currency}> {money(value, currency)}</small>
            ))}
          </h2>
        </header>
        {over ? (
          <Chart
            title={`${metricOf(metric, pack).label} by ${interval}`}
            interval={interval}
            lines={[lineOf(over, metric, metricOf(metric, pack).label, range.dateTo >= todayIn(tenant.timeZone))]}
            format={(value) => (hasRevenue ? money(value, tenant.currency) : count(value))}
            axis={hasRevenue ? (value) => shortMoney(value, tenant.currency) : undefined}
          />
        ) : (
          <Loading />
        )}
      </section>
      <section class="panel wide">
        <header>
          <h2>{itemsWord(pack)}</h2>
          <span class="files">
            Download{" "}
            {["csv", "parquet"].map((form) => (
              <a key={form} download href={addressOf(`/api/analytics/items.${form}`, { ...about, includeBots: String(about.includeBots) })}>
                {form === "csv" ? "CSV" : "Parquet"}
              </a>
            ))}
          </span>
        </header>
        {items ? (
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
              { label: "Views", isNumber: true, value: (row) => proved("events", row, count(row.views), ";event_type==item_interaction;event_action==view") },
              { label: "Interactions", isNumber: true, value: (row) => proved("events", row, count(row.interactions), ";event_type==item_interaction") },
              { label: "Visits", isNumber: true, value: (row) => proved("visits", row, count(row.visits)) },
              { label: metricOf("conversions", pack).label, isNumber: true, value: (row) => proved("conversions", row, count(row.conversions)) },
              { label: "Value", isNumber: true, value: (row) => row.value !== 0 && proved("revenue", row, money(row.value, tenant.currency)) },
            ]}
          />
        ) : (
          <Loading lines={10} />
        )}
        <nav class="pages" aria-label="More items">
          {cursor > 0 && (
            <a data-own href={hrefOf({ cursor: cursor > 50 ? String(cursor - 50) : undefined })}>
              ← Before
            </a>
          )}
          {items?.nextCursor && (
            <a data-own href={hrefOf({ cursor: String(items.nextCursor) })}>
              More →
            </a>
          )}
        </nav>
      </section>
    </>
  );
};

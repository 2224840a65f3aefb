// Speed: the web vitals, in all and by page, against what web.dev calls good and poor.
import { count, named, percent } from "../format";
import { Bar } from "../parts/bar";
import { Loading, Nothing, Problem } from "../parts/notices";
import { filteredBy } from "../parts/panel";
import { Table } from "../parts/table";
import { useAnswers } from "../questions";
import { useSite } from "../site";
import { metricOf } from "../words";

interface Figures {
  loads: number;
  p75: number;
  good: number;
  needs_improvement: number;
  poor: number;
}

/** Good up to the first, poor beyond the second: twin of api/reports/vitals.sql. */
interface Vital {
  name: string;
  good: number;
  poor: number;
}

const VITALS: Vital[] = [
  { name: "lcp", good: 2500, poor: 4000 },
  { name: "inp", good: 200, poor: 500 },
  { name: "cls", good: 0.1, poor: 0.25 },
  { name: "fcp", good: 1800, poor: 3000 },
  { name: "ttfb", good: 800, poor: 1800 },
];

const said = ({ name }: Vital, value: number) => metricOf(name).format(value, "");

const ratingOf = ({ good, poor }: Vital, value: number) => (value <= good ? "good" : value <= poor ? "fair" : "poor");
const RATINGS = { good: "good", fair: "needs improvement", poor: "poor" };

type Row = { page: string; loads: number } & Record<string, Figures | undefined>;

export const Speed = () => {
  const { tenant, about, filter } = useSite();
  const { answers, error, isLoading } = useAnswers(tenant.tenant, [{ report: "vitals", ...about, limit: 50 }]);
  const answer = answers[0];
  const rows = (answer?.rows ?? []) as Row[];
  const most = Math.max(1, ...rows.map(({ loads }) => loads));
  const known = VITALS.filter(({ name }) => answer?.vitals[name]);
  return (
    <>
      <Bar />
      <Problem error={error} />
      <div aria-busy={isLoading} class={isLoading ? "asking" : undefined}>
        {!answer ? (
          <Loading lines={8} />
        ) : !known.length ? (
          <section class="panel wide">
            <Nothing>No web vitals in these days. The tracker tells them when a page is left; data-only="core" leaves them out.</Nothing>
          </section>
        ) : (
          <>
            <ul class="vitals" aria-label="Web vitals">
              {known.map((vital) => (
                <Card key={vital.name} vital={vital} figures={answer.vitals[vital.name]} />
              ))}
            </ul>
            <section class="panel wide" aria-labelledby="panel-speed">
              <header>
                <h2 id="panel-speed">By page</h2>
              </header>
              <p class="meaning">Three of four loads are at least as fast as these figures. What is good and what is poor is web.dev's.</p>
              <Table
                caption="Web vitals by page"
                rows={rows}
                keyOf={({ page }) => page}
                share={({ loads }) => loads / most}
                columns={[
                  {
                    label: "Page",
                    value: ({ page }) => (
                      <a data-own href={filteredBy(filter, "page", page)} title={page}>
                        {named("page", page)}
                      </a>
                    ),
                  },
                  { label: "Loads", isNumber: true, value: ({ loads }) => count(loads) },
                  ...known.map((vital) => ({ label: metricOf(vital.name).label, isNumber: true, value: (row: Row) => <Rated vital={vital} figures={row[vital.name]} /> })),
                ]}
              />
            </section>
          </>
        )}
      </div>
    </>
  );
};

const Card = ({ vital, figures }: { vital: Vital; figures: Figures }) => {
  const { label, meaning } = metricOf(vital.name);
  const rating = ratingOf(vital, figures.p75);
  const shares = [
    ["good", figures.good],
    ["fair", figures.needs_improvement],
    ["poor", figures.poor],
  ] as const;
  return (
    <li class="vital" title={`${meaning}. Good: up to ${said(vital, vital.good)}; poor: over ${said(vital, vital.poor)}`}>
      <span class="label">{label}</span>
      <span class={`value rated ${rating}`}>{said(vital, figures.p75)}</span>
      <span class={`rating ${rating}`}>{RATINGS[rating]}</span>
      <span class="shares" aria-hidden="true">
        {shares.map(([name, share]) => share > 0 && <i key={name} class={name} style={{ flexGrow: share }} />)}
      </span>
      <ul class="spread">
        {shares.map(([name, share]) => (
          <li key={name}>
            {percent(share)} {RATINGS[name]}
          </li>
        ))}
      </ul>
    </li>
  );
};

const Rated = ({ vital, figures }: { vital: Vital; figures?: Figures }) => {
  if (!figures) return <>–</>;
  const rating = ratingOf(vital, figures.p75);
  return (
    <span class={`rated ${rating}`} title={`${RATINGS[rating]}: ${percent(figures.good)} of ${count(figures.loads)} loads are good, ${percent(figures.poor)} are poor`}>
      {said(vital, figures.p75)}
      <span class="unseen">, {RATINGS[rating]}</span>
    </span>
  );
};

// Retention: of the visitors who first came in a period, how many came again in each later one.
import { hrefOf } from "../address";
import { whyHref } from "../figures";
import { bucket, count, percent } from "../format";
import { Bar } from "../parts/bar";
import { Loading, Nothing, Problem } from "../parts/notices";
import { Proof } from "../parts/proof";
import { Fitting } from "../parts/table";
import { daysIn, shifted } from "../periods";
import { useAnswers } from "../questions";
import { useSite } from "../site";

const LONGEST = 1600; // days

interface Cohort {
  start: string;
  visitors: number;
  retained: number[];
  percent: number[];
}

export const Retention = () => {
  const { tenant, about: asked, params, range: whole } = useSite();
  // of a longer time there are more months than a table has room for
  const range = { dateFrom: daysIn(whole) > LONGEST ? shifted(whole.dateTo, -LONGEST) : whole.dateFrom, dateTo: whole.dateTo };
  const about = { ...asked, ...range, hours: undefined };
  const intervals = ["day", "week", "month"].filter((interval) => daysIn(range) / { day: 1, week: 7, month: 28 }[interval]! <= 60);
  const wanted = params.get("interval") ?? (daysIn(range) > 14 ? "week" : "day");
  const interval = intervals.includes(wanted) ? wanted : intervals[0]!;
  const { answers, error, isLoading, again } = useAnswers(tenant.tenant, [{ report: "retention", ...about, interval }]);
  const cohorts: Cohort[] | undefined = answers[0]?.cohorts.filter(({ visitors }: Cohort) => visitors > 0);
  const periods = Math.max(0, ...(cohorts ?? []).map(({ percent: of }) => of.length));
  return (
    <>
      <Bar />
      <Problem error={error} again={again} />
      <section class="panel wide" aria-busy={isLoading}>
        <header>
          <h2>Who came again</h2>
          <nav class="tabs" aria-label="Interval">
            {intervals.map((one) => (
              <a key={one} data-own href={hrefOf({ interval: one })} aria-current={one === interval ? "true" : undefined}>
                {one}
              </a>
            ))}
          </nav>
        </header>
        <p class="meaning">Visitors by the first {interval} within these days in which they came, and how many of them came again; the last {interval} of each row is not over yet. Visitors without consent are told apart for one day only: they cannot come again.</p>
        {!cohorts ? (
          <Loading lines={8} />
        ) : !cohorts.length ? (
          <Nothing>No visitors in these days.</Nothing>
        ) : (
          <Fitting>
            <table class="grid" role="table">
              <caption class="unseen">
                Percent of each cohort that came again, by {interval}s since the first
              </caption>
              <thead role="rowgroup">
                <tr role="row">
                  <th role="columnheader" scope="col">First {interval}</th>
                  <th role="columnheader" scope="col" class="number">
                    Visitors
                  </th>
                  {Array.from({ length: periods }, (_, period) => (
                    <th key={period} role="columnheader" scope="col" class="number">
                      {interval} {period}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody role="rowgroup">
                {cohorts.map(({ start, visitors, percent: of, retained }) => (
                  <tr key={start} role="row">
                    <th role="rowheader" scope="row">{bucket(start, interval)}</th>
                    <td role="cell" class="number" data-label="Visitors">
                      {count(visitors)}
                    </td>
                    {of.map((share, period) => (
                      <td key={period} role="cell" data-label={`${interval} ${period}`} class={`number shade-${share === 0 ? 0 : Math.min(5, 1 + Math.floor(share / 20))}`} title={`${count(retained[period]!)} visitors`}>
                        <Proof href={whyHref("retention", { interval, cohort: start, period: String(period) })} of={`${count(retained[period]!)} visitors, ${interval} ${period} of ${bucket(start, interval)}`}>
                          {percent(share)}
                        </Proof>
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </Fitting>
        )}
      </section>
    </>
  );
};

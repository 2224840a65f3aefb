// Engagement: how long and how far pages are read, what people send, fetch and follow, and what they did not find.
import { whyHref } from "../figures";
import { is, joined } from "../filters";
import { count, duration, named, percent } from "../format";
import { Bar } from "../parts/bar";
import { Loading, Problem } from "../parts/notices";
import { ROWS, filteredBy } from "../parts/panel";
import { Proof } from "../parts/proof";
import { Table } from "../parts/table";
import { useAnswers, type Answer } from "../questions";
import { useSite } from "../site";

export interface Read {
  page: string;
  views: number;
  measured: number;
  time_on_page: number | null;
  scroll_depth: number | null;
}

interface NotFound {
  page: string;
  referrer: string | null;
  events: number;
  visits: number;
}

interface Act {
  action: string;
  title: string;
  label: string;
  empty: string;
}

const ACTS: Act[] = [
  { action: "form_submit", title: "Forms", label: "Form", empty: "No form was sent in these days." },
  { action: "download", title: "Downloads", label: "File", empty: "No file was fetched in these days." },
  { action: "outbound_link", title: "Outbound links", label: "Leads to", empty: "No link to another site was followed in these days." },
];

/** An address without what goes without saying: the protocol, or all but the path where the host is known. */
const shortened = (address: string, isPath: boolean) => address.replace(isPath ? /^https?:\/\/[^/]*/ : /^https?:\/\/(www\.)?/, "");

const seconds = (value: number | null) => (value == null ? "–" : duration(value));
const depth = (value: number | null) => (value == null ? "–" : percent(value));

export const Engagement = () => {
  const { tenant, about, filter } = useSite();
  const { answers, error, isLoading } = useAnswers(tenant.tenant, [
    { report: "engagement", ...about, limit: 25 },
    ...ACTS.map(({ action }) => ({
      report: "breakdown",
      ...about,
      filter: joined(joined(filter, is("event_type", "engagement")), is("event_action", action)),
      dimension: "event_label",
      metrics: ["events", "visits"],
      limit: ROWS,
    })),
  ]);
  const [read, ...acts] = answers;
  return (
    <>
      <Bar />
      <Problem error={error} />
      <div aria-busy={isLoading} class={isLoading ? "asking" : undefined}>
        <Pages answer={read} />
        <div class="panels">
          {ACTS.map((act, index) => (
            <Acts key={act.action} act={act} answer={acts[index]} />
          ))}
        </div>
        <Missing answer={read} />
      </div>
    </>
  );
};

const Pages = ({ answer }: { answer?: Answer }) => {
  const { filter } = useSite();
  const rows: Read[] = answer?.rows ?? [];
  const longest = Math.max(1, ...rows.map(({ time_on_page }) => time_on_page ?? 0));
  return (
    <section class="panel wide" aria-labelledby="panel-read">
      <header>
        <h2 id="panel-read">How pages are read</h2>
      </header>
      {answer && (
        <dl class="totals">
          <div>
            <dt>Time on page</dt>
            <dd>{seconds(answer.all.time_on_page)}</dd>
          </div>
          <div>
            <dt>Scroll depth</dt>
            <dd>{depth(answer.all.scroll_depth)}</dd>
          </div>
          <div>
            <dt>Measured views</dt>
            <dd>{count(answer.all.measured)}</dd>
          </div>
        </dl>
      )}
      <p class="meaning">Half of the measured views were read longer than the time on page. A page counts as read while its tab is in front. The scroll depth is a mean.</p>
      {answer ? (
        <Table
          caption="Pages: how long and how far they are read"
          rows={rows}
          keyOf={({ page }) => page}
          share={({ time_on_page }) => (time_on_page ?? 0) / longest}
          columns={[
            {
              label: "Page",
              value: ({ page }) => (
                <a data-own href={filteredBy(filter, "page", page)} title={page}>
                  {named("page", page)}
                </a>
              ),
            },
            { label: "Page views", isNumber: true, value: ({ views }) => count(views) },
            { label: "Measured", isNumber: true, value: ({ measured }) => count(measured) },
            { label: "Time on page", isNumber: true, value: ({ time_on_page }) => seconds(time_on_page) },
            { label: "Scroll depth", isNumber: true, value: ({ scroll_depth }) => depth(scroll_depth) },
          ]}
        />
      ) : (
        <Loading lines={10} />
      )}
    </section>
  );
};

interface Acted {
  value: string | null;
  events: number;
  visits: number;
}

const Acts = ({ act: { action, title, label, empty }, answer }: { act: Act; answer?: Answer }) => {
  const { filter } = useSite();
  const rows: Acted[] = answer?.rows ?? [];
  const most = Math.max(1, ...rows.map(({ events }) => events));
  const about = (value: string | null) => joined(joined(filter, is("event_action", action)), is("event_label", value));
  return (
    <section class="panel" aria-labelledby={`panel-${action}`}>
      <header>
        <h2 id={`panel-${action}`}>{title}</h2>
      </header>
      {answer ? (
        <Table
          caption={title}
          rows={rows}
          keyOf={({ value }) => value ?? ""}
          share={({ events }) => events / most}
          empty={empty}
          columns={[
            { label, value: ({ value }) => <span title={value ?? undefined}>{value == null ? "(unknown)" : shortened(value, action === "download")}</span> },
            {
              label: "Times",
              isNumber: true,
              value: ({ value, events }) => (
                <Proof href={whyHref("events", {}, about(value))} of={value ?? title}>
                  {count(events)}
                </Proof>
              ),
            },
            { label: "Visits", isNumber: true, value: ({ visits }) => count(visits) },
          ]}
        />
      ) : (
        <Loading />
      )}
    </section>
  );
};

const Missing = ({ answer }: { answer?: Answer }) => {
  const rows: NotFound[] = answer?.not_found ?? [];
  const shown = rows.slice(0, ROWS);
  const most = Math.max(1, ...rows.map(({ events }) => events));
  return (
    <section class="panel wide" aria-labelledby="panel-missing">
      <header>
        <h2 id="panel-missing">Pages not found</h2>
      </header>
      {answer ? (
        <Table
          caption="Pages not found, and where people came from"
          rows={shown}
          keyOf={({ page, referrer }) => `${page} ${referrer}`}
          share={({ events }) => events / most}
          empty="Every page was found in these days."
          columns={[
            { label: "Page", value: ({ page }) => <span title={page}>{named("page", page)}</span> },
            { label: "Times", isNumber: true, value: ({ events }) => count(events) },
            { label: "Came from", value: ({ page, referrer }) => <span class="muted" title={referrer ?? undefined}>{referrer ? shortened(referrer, referrer.includes(`//${page.split("/")[0]}/`)) : "typed, or not known"}</span> },
          ]}
        />
      ) : (
        <Loading />
      )}
    </section>
  );
};

// The days that a view is about, and what they are compared with.
import { useRef, useState } from "preact/hooks";
import { go, hrefOf } from "../address";
import { days } from "../format";
import { PERIODS, comparisonsOf, neighbour, periodOf, todayIn, type Range } from "../periods";
import { useSite } from "../site";
import { Calendar } from "./calendar";

/** The address of a period by its name, or from day to day. */
const hrefOfPeriod = (period: string | Range): string =>
  typeof period === "string" ? hrefOf({ period, from: undefined, to: undefined }) : hrefOf({ period: undefined, from: period.dateFrom, to: period.dateTo });

export const Period = ({ hasComparison = false }: { hasComparison?: boolean }) => {
  const { tenant, range, params, compare } = useSite();
  const [isOpen, open] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const today = todayIn(tenant.timeZone);
  const period = periodOf(params);
  const close = () => {
    open(false);
    opener.current?.focus();
  };
  const choose = (range: Range) => {
    go(hrefOfPeriod(range));
    close();
  };
  return (
    <div class="period" ref={place} onFocusOut={(event) => isOpen && event.relatedTarget && !place.current!.contains(event.relatedTarget as Node) && open(false)}>
      {period === "all" || range.hours ? (
        <Off>‹</Off>
      ) : (
        <a data-own data-key="ArrowLeft" class="button" href={hrefOfPeriod(neighbour(range, -1))} aria-label="Earlier">
          ‹
        </a>
      )}
      <label>
        <span class="unseen">Period</span>
        <select
          value={period ?? "custom"}
          onChange={(event) => {
            const chosen = event.currentTarget.value;
            if (chosen !== "custom") return go(hrefOfPeriod(chosen));
            event.currentTarget.value = period ?? "custom";
            open(true);
          }}
        >
          {Object.entries(PERIODS).map(([name, { label }]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
          <option value="custom">{period ? "Choose days…" : "Chosen days"}</option>
        </select>
      </label>
      {range.dateTo < today ? (
        <a data-own data-key="ArrowRight" class="button" href={hrefOfPeriod(neighbour(range, 1))} aria-label="Later">
          ›
        </a>
      ) : (
        <Off>›</Off>
      )}
      <button ref={opener} class="days" data-key="C" aria-haspopup="dialog" aria-expanded={isOpen} title="Choose days" onClick={() => open(!isOpen)}>
        {period === "all" ? `Until ${days(today, today)}` : days(range.dateFrom, range.dateTo)}
      </button>
      {isOpen && <Calendar range={range} today={today} weekStart={tenant.weekStart} choose={choose} close={close} />}
      {hasComparison && period !== "all" && (
        <label>
          <span class="unseen">Compared with</span>
          <select value={compare ?? "none"} onChange={(event) => go(hrefOf({ compare: event.currentTarget.value }))}>
            <option value="previous_period">vs. previous period</option>
            {comparisonsOf(range).includes("previous_year") && <option value="previous_year">vs. previous year</option>}
            <option value="none">no comparison</option>
          </select>
        </label>
      )}
    </div>
  );
};

const Off = ({ children }: { children: string }) => (
  <span class="button off" aria-hidden="true">
    {children}
  </span>
);

// Above every view: whose site, which days, compared with what, through which filter.
import { useRef, useState } from "preact/hooks";
import { go, hrefOf } from "../address";
import { OPERATORS, joined, parse, split, without } from "../filters";
import { days, named } from "../format";
import { DEFAULT_PERIOD, PERIODS, neighbour, todayIn } from "../periods";
import { useSite } from "../site";
import { dimensionLabel } from "../words";
import { ConditionForm } from "./condition";

export const Bar = ({ hasComparison = false }: { hasComparison?: boolean }) => {
  const { tenant, range, params, compare, filter } = useSite();
  const [isAdding, setAdding] = useState(false);
  const isCustom = Boolean(params.get("from"));
  const today = todayIn(tenant.timeZone);
  const to = (step: -1 | 1) => {
    const { dateFrom, dateTo } = neighbour(range, step);
    return hrefOf({ period: undefined, from: dateFrom, to: dateTo });
  };
  const choose = (period: string) =>
    go(period === "custom" ? hrefOf({ period: undefined, from: range.dateFrom, to: range.dateTo }) : hrefOf({ period: period === DEFAULT_PERIOD ? undefined : period, from: undefined, to: undefined }));
  return (
    <div class="bar">
      <div class="period">
        <a data-own class="button" href={to(-1)} aria-label="Earlier">
          ‹
        </a>
        <label>
          <span class="unseen">Period</span>
          <select value={isCustom ? "custom" : (params.get("period") ?? DEFAULT_PERIOD)} onChange={(event) => choose(event.currentTarget.value)}>
            {Object.entries(PERIODS).map(([name, { label }]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
            <option value="custom">From day to day…</option>
          </select>
        </label>
        {range.dateTo < today ? (
          <a data-own class="button" href={to(1)} aria-label="Later">
            ›
          </a>
        ) : (
          <span class="button off" aria-hidden="true">
            ›
          </span>
        )}
        {isCustom ? (
          <>
            <label>
              <span class="unseen">First day</span>
              <Day key={range.dateFrom} day={range.dateFrom} max={today} choose={(from) => go(hrefOf({ from, to: range.dateTo }))} />
            </label>
            <label>
              <span class="unseen">Last day</span>
              <Day key={range.dateTo} day={range.dateTo} max={today} choose={(to) => go(hrefOf({ from: range.dateFrom, to }))} />
            </label>
          </>
        ) : (
          <span class="days">{days(range.dateFrom, range.dateTo)}</span>
        )}
        {hasComparison && (
          <label>
            <span class="unseen">Compared with</span>
            <select value={compare} onChange={(event) => go(hrefOf({ compare: event.currentTarget.value === "previous_period" ? undefined : event.currentTarget.value }))}>
              <option value="previous_period">vs. previous period</option>
              <option value="previous_year">vs. previous year</option>
              <option value="none">no comparison</option>
            </select>
          </label>
        )}
      </div>
      <div class="filters">
        {split(filter).map((condition) => {
          const known = parse(condition);
          return (
            <span key={condition} class="chip">
              {known ? (
                <>
                  {dimensionLabel(known.dimension)} {OPERATORS[known.operator]} <b>{named(known.dimension, known.value) || "not known"}</b>
                </>
              ) : (
                <code>{condition}</code>
              )}
              <a data-own href={hrefOf({ filter: without(filter, condition) })} aria-label={`Without: ${condition}`}>
                ✕
              </a>
            </span>
          );
        })}
        <button class="quiet" aria-expanded={isAdding} onClick={() => setAdding(!isAdding)}>
          {isAdding ? "Close" : "+ Filter"}
        </button>
        {isAdding && (
          <ConditionForm
            label="Add"
            done={(condition) => {
              go(hrefOf({ filter: joined(filter, condition) }));
              setAdding(false);
            }}
          />
        )}
        {params.get("bots") === "true" && (
          <span class="chip">
            <b>Bots</b> are counted too
            <a data-own href={hrefOf({ bots: undefined })} aria-label="Without bots">
              ✕
            </a>
          </span>
        )}
        {params.get("asOf") && (
          <span class="chip">
            As known on <b>{params.get("asOf")}</b>
            <a data-own href={hrefOf({ asOf: undefined })} aria-label="As known now">
              ✕
            </a>
          </span>
        )}
      </div>
    </div>
  );
};

/** A day: what is picked holds at once, what is typed when the field is left or Enter is pressed: each digit makes another date. */
const Day = ({ day, max, choose }: { day: string; max: string; choose: (day: string) => void }) => {
  const isTyped = useRef(false);
  const done = ({ value }: HTMLInputElement) => {
    isTyped.current = false;
    if (value && value !== day) choose(value);
  };
  return (
    <input
      type="date"
      defaultValue={day}
      max={max}
      onKeyDown={(event) => (event.key === "Enter" ? done(event.currentTarget) : (isTyped.current = true))}
      onChange={(event) => isTyped.current || done(event.currentTarget)}
      onBlur={(event) => done(event.currentTarget)}
    />
  );
};

// A month to pick days from: the first day, then the last; with the mouse, with the arrow keys, or typed.
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { day as dayInWords, month as monthInWords, weekday } from "../format";
import { dayOfWeek, firstOfMonth, isDay, shifted, type Range, type WeekStart } from "../periods";

interface Props {
  range: Range;
  today: string;
  weekStart: WeekStart;
  choose: (range: Range) => void;
  close: () => void;
}

const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

export const Calendar = ({ range, today, weekStart, choose, close }: Props) => {
  const place = useRef<HTMLDivElement>(null);
  const [first, begin] = useState<string>(); // the day that was picked as the first
  const [at, move] = useState(range.dateTo < today ? range.dateTo : today); // the day that the keys are at
  const title = useId();
  const month = firstOfMonth(at);
  const weeks = shifted(month, 35 - dayOfWeek(month, weekStart)) < firstOfMonth(month, 1) ? 6 : 5;
  const shown = Array.from({ length: 7 * weeks }, (_, index) => shifted(month, index - dayOfWeek(month, weekStart)));
  // before the next key is pressed
  useLayoutEffect(() => {
    place.current?.querySelector<HTMLButtonElement>("[tabindex='0']")?.focus();
  }, [at]);
  const goTo = (day: string) => move(day > today ? today : day);
  const pick = (day: string) => {
    move(day);
    if (!first) begin(day);
    else choose(first <= day ? { dateFrom: first, dateTo: day } : { dateFrom: day, dateTo: first });
  };
  const isChosen = (day: string) => (first ? day === first : day >= range.dateFrom && day <= range.dateTo);
  return (
    <div
      ref={place}
      class="calendar"
      role="dialog"
      aria-label="Choose days"
      onKeyDown={(event) => {
        const days = STEPS[event.key];
        if (event.key === "Escape") close();
        else if ((event.target as Element).matches("input")) return;
        else if (days) goTo(shifted(at, days));
        else if (event.key === "PageUp" || event.key === "PageDown") goTo(firstOfMonth(at, event.key === "PageUp" ? -1 : 1));
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      <header>
        <button class="quiet" aria-label="Month before" onClick={() => goTo(firstOfMonth(at, -1))}>
          ‹
        </button>
        <h2 id={title} aria-live="polite">
          {monthInWords(month)}
        </h2>
        <button class="quiet" aria-label="Month after" disabled={firstOfMonth(at, 1) > today} onClick={() => goTo(firstOfMonth(at, 1))}>
          ›
        </button>
      </header>
      <div class="month" role="group" aria-labelledby={title}>
        {shown.slice(0, 7).map((day) => (
          <span key={day} class="weekday" aria-hidden="true">
            {weekday(day)}
          </span>
        ))}
        {shown.map((day) => (
          <button
            key={day}
            class={day.slice(0, 7) === month.slice(0, 7) ? "" : "other"}
            tabIndex={day === at ? 0 : -1}
            disabled={day > today}
            aria-label={dayInWords(day)}
            aria-pressed={isChosen(day)}
            aria-current={day === today ? "date" : undefined}
            onClick={() => pick(day)}
          >
            {Number(day.slice(8))}
          </button>
        ))}
      </div>
      <Typed range={first ? { dateFrom: first, dateTo: first } : range} key={first} choose={choose} />
      <p class="meaning">{first ? `From ${dayInWords(first)} to … Now pick the last day.` : "Pick the first day, then the last."}</p>
    </div>
  );
};

const Typed = ({ range, choose }: Pick<Props, "range" | "choose">) => {
  const [fields, set] = useState(range);
  const field = (name: keyof Range, label: string) => (
    <label>
      <span class="unseen">{label}</span>
      <input
        required
        inputMode="numeric"
        pattern="\d{4}-\d\d-\d\d"
        placeholder="2026-03-10"
        title="Year-month-day, as 2026-03-10"
        size={10}
        value={fields[name]}
        onInput={(event) => set({ ...fields, [name]: event.currentTarget.value })}
      />
    </label>
  );
  return (
    <form
      class="typed"
      onSubmit={(event) => {
        event.preventDefault();
        if (isDay(fields.dateFrom) && isDay(fields.dateTo)) choose(fields);
      }}
    >
      {field("dateFrom", "First day")}
      <span aria-hidden="true">–</span>
      {field("dateTo", "Last day")}
      <button>Show</button>
    </form>
  );
};

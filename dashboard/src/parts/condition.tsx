// One condition, put together: of which dimension, how, which values. Those that there are, are offered, by their names; what
// there is not, is asked about: a slip of the pen would match nothing, and nobody would know why.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { OPERATORS, type Condition } from "../filters";
import { named } from "../format";
import { useAnswers } from "../questions";
import { useSite } from "../site";
import { meant, nearest, occurs, offered } from "../values";
import { DIMENSIONS, dimensionLabel } from "../words";

interface Props {
  start?: Condition;
  label: string;
  done: (condition: Condition) => void;
}

const OFFERED = 200; // in the list below the field
const KNOWN = 1000; // that a typed value is looked for among

/** How a dimension can be asked about: what has names of its own holds no parts of names. */
const operatorsOf = (dimension: string): string[] => (dimension === "goal" ? ["=="] : dimension === "country" ? ["==", "!="] : Object.keys(OPERATORS));

export const ConditionForm = ({ start = { dimension: "source", operator: "==", values: [] }, label, done }: Props) => {
  const { tenant, about, seesVisitors } = useSite();
  const [{ dimension, operator, values }, set] = useState(start);
  const [typed, type] = useState("");
  const [isTouched, touch] = useState(false);
  const [pending, wait] = useState<"one more" | "done">();
  const [doubt, setDoubt] = useState<string[]>();
  const field = useRef<HTMLInputElement>(null);
  const list = useId();

  const asked = dimension === "goal" ? { report: "goals" } : { report: "breakdown", dimension, limit: KNOWN };
  const { answers, error } = useAnswers(tenant.tenant, isTouched ? [{ ...about, filter: "", ...asked }] : []);
  const answer = answers[0];
  const known: string[] = answer?.goals?.map(({ goal }: { goal: string }) => goal) ?? answer?.rows?.flatMap(({ value }: { value: string | null }) => value ?? []) ?? [];
  // a property may hold whatever a site sends: nothing for guests
  const properties = useAnswers(tenant.tenant, seesVisitors ? [{ report: "properties", ...about, filter: "", limit: 100 }] : []).answers[0];
  const keys: string[] = properties?.rows.map(({ key }: { key: string }) => `property:${key}`) ?? [];
  if (dimension.startsWith("property:") && !keys.includes(dimension)) keys.push(dimension);

  const change = (changed: Partial<Condition>) => {
    const next = { dimension, operator, values, ...changed };
    set(operatorsOf(next.dimension).includes(next.operator) ? next : { ...next, operator: "==" });
    setDoubt(undefined);
  };
  const take = (more: string[], then = pending) => {
    wait(undefined);
    type("");
    const all = [...new Set([...values, ...more])];
    change({ values: then === "done" ? [] : all });
    if (then === "done") done({ dimension, operator, values: all.length ? all : [""] });
    else field.current?.focus();
  };
  // a value is taken when it is known what there is
  useEffect(() => {
    if (!pending || !(answer || error)) return;
    const text = typed.trim();
    const value = meant(dimension, text, known);
    if (!text) take([]);
    else if (!operator.includes("~") && value !== undefined) take([value]);
    else if (operator === "!~" || (operator === "=~" && occurs(text, known)) || error || answer.nextCursor) take([text]);
    else {
      wait(undefined);
      setDoubt(nearest(dimension, text, known));
    }
  }, [pending, answer, error]);

  return (
    <form
      class="condition"
      onSubmit={(event) => {
        event.preventDefault();
        touch(true);
        wait("done");
      }}
    >
      <label>
        <span class="unseen">Dimension</span>
        <select value={dimension} onChange={(event) => change({ dimension: event.currentTarget.value, values: [] })}>
          {Object.entries(DIMENSIONS).map(([one, name]) => (
            <option key={one} value={one}>
              {name}
            </option>
          ))}
          {keys.length > 0 && (
            <optgroup label="Properties">
              {keys.map((key) => (
                <option key={key} value={key}>
                  {dimensionLabel(key)}
                </option>
              ))}
            </optgroup>
          )}
        </select>
      </label>
      <label>
        <span class="unseen">How</span>
        <select value={operator} onChange={(event) => change({ operator: event.currentTarget.value })}>
          {operatorsOf(dimension).map((one) => (
            <option key={one} value={one}>
              {OPERATORS[one]}
            </option>
          ))}
        </select>
      </label>
      {values.map((value) => (
        <span key={value} class="chip">
          <b>{named(dimension, value) || "not known"}</b>
          <button type="button" aria-label={`Not ${named(dimension, value) || "not known"}`} onClick={() => change({ values: values.filter((other) => other !== value) })}>
            ✕
          </button>
        </span>
      ))}
      <label>
        <span class="unseen">Value</span>
        <input
          ref={field}
          list={list}
          required={!values.length && (operator.includes("~") || dimension === "goal")}
          autocomplete="off"
          placeholder={values.length ? "or …" : "value"}
          value={typed}
          onFocus={() => touch(true)}
          onInput={(event) => {
            type(event.currentTarget.value);
            setDoubt(undefined);
          }}
        />
      </label>
      <datalist id={list}>
        {known.slice(0, OFFERED).map((value) => (
          <option key={value} value={offered(dimension, value)} />
        ))}
      </datalist>
      {typed.trim() && (
        <button type="button" class="quiet" title="Another value that counts as well" onClick={() => wait("one more")}>
          + or
        </button>
      )}
      <button>{label}</button>
      {doubt && (
        <p class="doubt" role="status">
          Nothing matches “{typed.trim()}” in these days.{" "}
          {doubt.length > 0 && (
            <>
              Did you mean{" "}
              {doubt.map((value, index) => (
                <>
                  {index > 0 && " or "}
                  <button key={value} type="button" class="quiet" onClick={() => take([value], "done")}>
                    {named(dimension, value)}
                  </button>
                </>
              ))}
              ?{" "}
            </>
          )}
          <button type="button" class="quiet" onClick={() => take([typed.trim()], "done")}>
            Take it all the same
          </button>
        </p>
      )}
    </form>
  );
};

interface AddProps extends Props {
  /** On the button that opens the form. */
  opens: string;
  isOpen?: boolean;
  /** Several are added, one after the other. */
  staysOpen?: boolean;
}

/** The form behind a button. */
export const AddCondition = ({ opens, isOpen = false, staysOpen = false, done, ...form }: AddProps) => {
  const [isAdding, setAdding] = useState(isOpen);
  return (
    <>
      <button type="button" class="quiet" aria-expanded={isAdding} onClick={() => setAdding(!isAdding)}>
        {isAdding ? "Close" : opens}
      </button>
      {isAdding && (
        <ConditionForm
          {...form}
          done={(condition) => {
            setAdding(staysOpen);
            done(condition);
          }}
        />
      )}
    </>
  );
};

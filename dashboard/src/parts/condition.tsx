// One condition, put together: of which dimension, how, which value; the values that there are, are offered.
import { useId, useState } from "preact/hooks";
import { OPERATORS, type Condition } from "../filters";
import { useAnswers } from "../questions";
import { useSite } from "../site";
import { DIMENSIONS } from "../words";

interface Props {
  start?: Condition;
  label: string;
  done: (condition: Condition) => void;
}

export const ConditionForm = ({ start, label, done }: Props) => {
  const { tenant, about } = useSite();
  const [condition, set] = useState<Condition>(start ?? { dimension: "source", operator: "==", value: "" });
  const [isTouched, touch] = useState(false);
  const asked = condition.dimension === "goal" ? { report: "goals" } : { report: "breakdown", dimension: condition.dimension, limit: 50 };
  const { answers } = useAnswers(tenant.tenant, isTouched ? [{ ...about, filter: "", ...asked }] : []);
  const list = useId();
  const values: string[] = (answers[0]?.goals?.map(({ goal }: { goal: string }) => goal) ?? answers[0]?.rows?.map(({ value }: { value: string }) => value)) ?? [];
  return (
    <form
      class="condition"
      onSubmit={(event) => {
        event.preventDefault();
        done(condition);
        set({ ...condition, value: "" });
      }}
    >
      <label>
        <span class="unseen">Dimension</span>
        <select value={condition.dimension} onChange={(event) => set({ ...condition, dimension: event.currentTarget.value })}>
          {Object.entries(DIMENSIONS).map(([dimension, name]) => (
            <option key={dimension} value={dimension}>
              {name}
            </option>
          ))}
          {condition.dimension.startsWith("property:") && <option value={condition.dimension}>{condition.dimension}</option>}
        </select>
      </label>
      <label>
        <span class="unseen">How</span>
        <select value={condition.operator} onChange={(event) => set({ ...condition, operator: event.currentTarget.value })}>
          {Object.entries(OPERATORS).map(([operator, name]) => (
            <option key={operator} value={operator}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="unseen">Value</span>
        <input
          list={list}
          required={condition.operator.includes("~") || condition.dimension === "goal"}
          autocomplete="off"
          placeholder="value"
          value={condition.value}
          onFocus={() => touch(true)}
          onInput={(event) => set({ ...condition, value: event.currentTarget.value })}
        />
      </label>
      <datalist id={list}>
        {values.map((value) => (
          <option key={value} value={value} />
        ))}
      </datalist>
      <button>{label}</button>
    </form>
  );
};

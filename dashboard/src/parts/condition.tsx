// One condition, put together: of which dimension, how, which value; the values that there are, are offered.
import { useState } from "preact/hooks";
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
  const asked = isTouched && condition.dimension !== "goal" ? [{ report: "breakdown", ...about, filter: "", dimension: condition.dimension, limit: 50 }] : [];
  const { answers } = useAnswers(tenant.tenant, asked);
  const values: string[] = (answers[0]?.rows ?? []).map((row: { value: string }) => row.value);
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
          list="values"
          autocomplete="off"
          placeholder="value"
          value={condition.value}
          onFocus={() => touch(true)}
          onInput={(event) => set({ ...condition, value: event.currentTarget.value })}
        />
      </label>
      <datalist id="values">
        {values.map((value) => (
          <option key={value} value={value} />
        ))}
      </datalist>
      <button>{label}</button>
    </form>
  );
};

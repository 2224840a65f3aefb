// Funnels: how far visits come on a way of steps, put together here, saved under a name.
import { useState } from "preact/hooks";
import { go, hrefOf } from "../address";
import { whyHref } from "../figures";
import { textOf } from "../filters";
import { count, duration, named, percent } from "../format";
import { Bar } from "../parts/bar";
import { AddCondition } from "../parts/condition";
import { Loading, Nothing, Problem } from "../parts/notices";
import { Proof } from "../parts/proof";
import { useAnswers, useThing } from "../questions";
import { Refused, call } from "../server";
import { useSite } from "../site";
import { DIMENSIONS, said } from "../words";

interface Funnel {
  funnel: string;
  steps: string[];
  order: string;
  window: number;
  per: string;
}

interface Step {
  step: number;
  filter: string;
  count: number;
  percent_of_start: number;
  percent_of_previous: number;
  drop_off: number;
  median_seconds: number | null;
}

const WINDOWS: Record<string, string> = { "30": "30 minutes", "1440": "a day", "10080": "7 days", "43200": "30 days" };

export const Funnels = () => {
  const { tenant, params, about, maySetUp } = useSite();
  const { thing: saved, error: unsaved, again: askSaved } = useThing<Funnel[]>("/api/setup/funnels", tenant.tenant);
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<Refused>();
  const chosen = saved?.find(({ funnel }) => funnel === params.get("funnel")) ?? (params.getAll("step").length ? undefined : saved?.[0]);
  const steps = params.getAll("step").length ? params.getAll("step") : (chosen?.steps ?? []);
  const order = params.get("order") ?? chosen?.order ?? "loose";
  const window = params.get("window") ?? String(chosen?.window ?? 43_200);
  const per = params.get("per") ?? chosen?.per ?? "visit";
  const dimension = params.get("by") ?? "";
  const isChanged = ["step", "order", "window", "per"].some((key) => params.has(key));
  const question = { report: "funnel", ...about, steps, order, window: Number(window), per, dimension, limit: 5 };
  const { answers, error, isLoading, again } = useAnswers(tenant.tenant, steps.length > 1 ? [question] : []);
  const answer = answers[0];
  const behind = { steps, order, window, per, dimension };
  const change = (changed: string[]) => go(hrefOf({ step: changed, funnel: chosen?.funnel }));
  const save = async () => {
    try {
      await call("POST", "/api/setup/funnels", { funnel: name || chosen?.funnel, steps, order, window: Number(window), per });
      setProblem(undefined);
      askSaved();
      go(hrefOf({ funnel: name || chosen?.funnel, step: undefined, order: undefined, window: undefined, per: undefined }));
      setName("");
    } catch (refused) {
      setProblem(refused as Refused);
    }
  };
  const remove = async () => {
    if (!confirm(`Remove the funnel “${chosen!.funnel}”?`)) return;
    try {
      await call("DELETE", `/api/setup/funnels/${encodeURIComponent(chosen!.funnel)}`);
      askSaved();
      go(hrefOf({ funnel: undefined, step: undefined }));
    } catch (refused) {
      setProblem(refused as Refused);
    }
  };
  return (
    <>
      <Bar />
      <Problem error={problem ?? error ?? unsaved} again={problem ? undefined : error ? again : askSaved} />
      <section class="panel wide">
        <header>
          <h2>
            {chosen?.funnel ?? "New funnel"}
            {answer?.steps.length > 1 && (
              <small>
                {" "}
                {percent(answer.steps.at(-1).percent_of_start)} of {per}s, {count(answer.steps.at(-1).count)} of {count(answer.steps[0].count)}
              </small>
            )}
          </h2>
          <div class="choices">
            {saved && saved.length > 0 && (
              <label>
                Saved{" "}
                <select value={chosen?.funnel ?? ""} onChange={(event) => go(hrefOf({ funnel: event.currentTarget.value, step: undefined, order: undefined, window: undefined, per: undefined }))}>
                  {!chosen && <option value="">(new)</option>}
                  {saved.map(({ funnel }) => (
                    <option key={funnel}>{funnel}</option>
                  ))}
                </select>
              </label>
            )}
            <label>
              Steps{" "}
              <select value={order} onChange={(event) => go(hrefOf({ order: event.currentTarget.value, step: steps, funnel: chosen?.funnel }))}>
                <option value="loose">in this order</option>
                <option value="strict">right after each other</option>
              </select>
            </label>
            <label>
              Within{" "}
              <select value={window} onChange={(event) => go(hrefOf({ window: event.currentTarget.value, step: steps, funnel: chosen?.funnel }))}>
                {Object.entries({ ...WINDOWS, ...(WINDOWS[window] ? {} : { [window]: `${window} minutes` }) }).map(([minutes, label]) => (
                  <option key={minutes} value={minutes}>
                    {label}
                  </option>
                ))}
              </select>
            </label>
            <label>
              Per{" "}
              <select value={per} onChange={(event) => go(hrefOf({ per: event.currentTarget.value, step: steps, funnel: chosen?.funnel }))}>
                <option value="visit">visit</option>
                <option value="visitor">visitor</option>
              </select>
            </label>
            <label>
              By{" "}
              <select value={dimension} onChange={(event) => go(hrefOf({ by: event.currentTarget.value }))}>
                <option value="">(all together)</option>
                {Object.entries(DIMENSIONS).map(([key, label]) => (
                  <option key={key} value={key}>
                    {label}
                  </option>
                ))}
              </select>
            </label>
          </div>
        </header>
        {steps.length < 2 ? <Nothing>A funnel has at least two steps. Add them below.</Nothing> : answer ? <Steps steps={answer.steps} behind={behind} isAsking={isLoading} remove={(index) => change(steps.filter((_, place) => place !== index))} up={(index) => change(swapped(steps, index))} /> : !error && <Loading lines={8} />}
        {steps.length === 1 && (
          <p>
            First: <b>{said(steps[0]!)}</b>
          </p>
        )}
        <div class="tools">
          <AddCondition opens="+ Step" label="Add as last step" start={{ dimension: "page", operator: "=~", values: [] }} staysOpen done={(condition) => change([...steps, textOf(condition)])} />
          {steps.length > 0 && (
            <button class="quiet" onClick={() => go(hrefOf({ step: [steps[0]!], funnel: undefined }))}>
              Start over
            </button>
          )}
        </div>
        {maySetUp && steps.length > 1 && (isChanged || !chosen) && (
          <form
            class="tools"
            onSubmit={(event) => {
              event.preventDefault();
              void save();
            }}
          >
            <label>
              <span class="unseen">Name of the funnel</span>
              <input placeholder={chosen ? `as ${chosen.funnel}` : "Name"} required={!chosen} maxLength={100} value={name} onInput={(event) => setName(event.currentTarget.value)} />
            </label>
            <button>Save funnel</button>
          </form>
        )}
        {maySetUp && chosen && !isChanged && (
          <button class="quiet" onClick={() => void remove()}>
            Remove “{chosen.funnel}”
          </button>
        )}
      </section>
      {answer?.groups?.length > 0 && (
        <div class="panels">
          {answer.groups.map(({ value, steps: of }: { value: string; steps: Step[] }) => (
            <section key={value} class="panel">
              <header>
                <h2>{named(dimension, value)}</h2>
              </header>
              <Steps steps={of} behind={{ ...behind, value }} isAsking={isLoading} />
            </section>
          ))}
        </div>
      )}
    </>
  );
};

const swapped = (steps: string[], index: number): string[] => {
  const copy = [...steps];
  [copy[index - 1], copy[index]] = [copy[index]!, copy[index - 1]!];
  return copy;
};

interface StepsProps {
  steps: Step[];
  /** What names these steps' figures, but for the step. */
  behind: Record<string, string | string[]>;
  isAsking: boolean;
  remove?: (index: number) => void;
  up?: (index: number) => void;
}

const Steps = ({ steps, behind, isAsking, remove, up }: StepsProps) => (
  <ol class="funnel" aria-busy={isAsking}>
    {steps.map((step, index) => (
      <li key={index}>
        <div class="step">
          <b title={step.filter}>{said(step.filter)}</b>
          <span>
            <Proof href={whyHref("funnel", { ...behind, step: String(index + 1) })} of={`who reached step ${index + 1}`}>
              {count(step.count)}
            </Proof>{" "}
            · {percent(step.percent_of_start)}
          </span>
          {remove && (
            <span class="moves">
              {index > 0 && (
                <button class="quiet" aria-label={`Move up: ${said(step.filter)}`} onClick={() => up!(index)}>
                  ↑
                </button>
              )}
              <button class="quiet" aria-label={`Remove step: ${said(step.filter)}`} onClick={() => remove(index)}>
                ✕
              </button>
            </span>
          )}
        </div>
        <div class="track">
          <i style={{ width: `${step.percent_of_start}%` }} />
        </div>
        {index + 1 < steps.length && (
          <p class="drop">
            {percent(steps[index + 1]!.percent_of_previous)} go on
            {steps[index + 1]!.median_seconds != null && `, half of them within ${duration(steps[index + 1]!.median_seconds!)}`};{" "}
            <Proof href={whyHref("funnel", { ...behind, step: String(index + 2), dropped: "true" })} of={`who did not reach step ${index + 2}`}>
              {count(steps[index + 1]!.drop_off)}
            </Proof>{" "}
            do not
          </p>
        )}
      </li>
    ))}
  </ol>
);

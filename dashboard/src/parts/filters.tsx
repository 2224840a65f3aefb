// The filter of a view: its conditions, each to be changed or taken away, and one more.
import { useState } from "preact/hooks";
import { go, hrefOf } from "../address";
import { OPERATORS, joined, parse, replaced, split } from "../filters";
import { useSite } from "../site";
import { dimensionLabel, valuesSaid } from "../words";
import { ConditionForm } from "./condition";

export const Filters = () => {
  const { params, filter } = useSite();
  const [opened, open] = useState<string>(); // the condition that is changed; "": a new one
  const done = (changed: string) => {
    open(undefined);
    go(hrefOf({ filter: changed }));
  };
  const former = opened ? parse(opened) : undefined;
  return (
    <div class="filters">
      {split(filter).map((condition) => {
        const known = parse(condition);
        return (
          <span key={condition} class="chip">
            {known ? (
              <button aria-expanded={opened === condition} title="Change this condition" onClick={() => open(opened === condition ? undefined : condition)}>
                {dimensionLabel(known.dimension)} {OPERATORS[known.operator]} <b>{valuesSaid(known)}</b>
              </button>
            ) : (
              <code>{condition}</code>
            )}
            <a data-own href={hrefOf({ filter: replaced(filter, condition) })} aria-label={`Without: ${condition}`}>
              ✕
            </a>
          </span>
        );
      })}
      <button class="quiet" aria-expanded={opened === ""} onClick={() => open(opened === undefined ? "" : undefined)}>
        {opened === undefined ? "+ Filter" : "Close"}
      </button>
      {opened !== undefined && (
        <ConditionForm key={opened} start={former} label={former ? "Change" : "Add"} done={(condition) => done(opened ? replaced(filter, opened, condition) : joined(filter, condition))} />
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
  );
};

// One event, layer by layer: as it was sent, as it was understood, as it counts.
import { hrefOf } from "../address";
import { Loading, Problem } from "../parts/notices";
import { useThing } from "../questions";
import { useSite } from "../site";
import { actionOf } from "../words";

interface Layers {
  raw: Record<string, unknown> | null;
  staging: Record<string, unknown> | null;
  vault: Record<string, unknown>;
}

const LAYERS: [keyof Layers, string, string][] = [
  ["raw", "Raw", "As it was sent, before anything was made of it"],
  ["staging", "Staging", "As it was understood: checked and completed"],
  ["vault", "Vault", "As it counts"],
];

export const Trace = ({ event }: { event: string }) => {
  const { tenant, params } = useSite();
  const session = params.get("session") ?? undefined; // where this event was found
  const { thing, error } = useThing<Layers>(`/api/trace/${event}`, tenant.tenant);
  return (
    <>
      <p class="crumbs">
        {session ? (
          <a data-own href={hrefOf({ session }, "sessions")}>
            ← The visit
          </a>
        ) : (
          <a data-own href={hrefOf({ event: undefined })}>
            ← The figure
          </a>
        )}
      </p>
      <Problem error={error} />
      {!thing && !error && <Loading lines={12} />}
      {thing && <h2 class="part">One event, layer by layer: {[actionOf(String(thing.vault.event_type), String(thing.vault.event_action ?? "")), thing.vault.event_label].filter(Boolean).join(" · ")}</h2>}
      {thing && (
        <div class="layers">
          {LAYERS.map(([layer, title, meaning]) => (
            <section key={layer} class="panel" aria-labelledby={`layer-${layer}`}>
              <header>
                <h2 id={`layer-${layer}`}>{title}</h2>
              </header>
              <p class="meaning">{meaning}</p>
              {thing[layer] ? <Layer row={thing[layer]!} main={layer === "staging" ? UNDERSTOOD : undefined} /> : <p class="nothing">Kept for a shorter time than the vault: it has gone.</p>}
            </section>
          ))}
        </div>
      )}
    </>
  );
};

type Fact = [name: string, value: unknown];

// what staging made of it; its other columns are on demand
const UNDERSTOOD = ["validation_status", "validation_errors", "validation_flags", "event_type", "event_action", "event_label", "event_timestamp", "event_value", "event_currency", "source", "channel", "page_info", "device_info"];
// what ties the layers together
const PROOFS = ["raw_event_id", "load_date", "received_timestamp", "record_source"];
const isProof = ([name, value]: Fact) => PROOFS.includes(name) || /(_hk|_hash|hash_diff)$/.test(name) || String(value).startsWith("\\x");

/** What a layer holds of an event; keys, hashes and what is not `main` on demand. */
const Layer = ({ row, main }: { row: Record<string, unknown>; main?: string[] }) => {
  const facts = Object.entries(row)
    .filter(([, value]) => value !== null && value !== "")
    // what was sent stands above what was noted about it
    .sort(([one], [other]) => Number(other === "raw_payload") - Number(one === "raw_payload") || one.localeCompare(other));
  const isMain = ([name]: Fact) => !main || main.includes(name);
  return (
    <>
      <Facts facts={facts.filter((fact) => !isProof(fact) && isMain(fact))} />
      {main && (
        <details>
          <summary>All other columns</summary>
          <Facts facts={facts.filter((fact) => !isProof(fact) && !isMain(fact))} />
        </details>
      )}
      <details>
        <summary>Load date, keys and hashes</summary>
        <Facts facts={facts.filter(isProof)} />
      </details>
    </>
  );
};

const Facts = ({ facts }: { facts: Fact[] }) => (
  <dl class="row">
    {facts.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{typeof value === "object" ? <pre tabIndex={0}>{JSON.stringify(value, null, 2)}</pre> : String(value).startsWith("\\x") ? <code>{String(value).slice(2)}</code> : String(value)}</dd>
      </div>
    ))}
  </dl>
);

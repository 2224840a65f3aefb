// A site's own rules: what is a bot, internal, of which channel, which kind of page. Tried before they are put in force; for owners.
import { useEffect, useState } from "preact/hooks";
import { clock, count, day } from "../format";
import { Loading, Problem } from "../parts/notices";
import { Table } from "../parts/table";
import { useThing } from "../questions";
import { call, Refused } from "../server";
import { useSite } from "../site";

type Rule = { [field: string]: string | undefined };
interface RuleSet {
  since?: string;
  behaviour?: { views_per_minute?: number; views_without_engagement?: number };
  [kind: string]: unknown;
}

interface Change {
  sentence: string;
  example?: string;
}

interface Task {
  kind: "preview" | "apply" | "revert";
  state: "waiting" | "working" | "done" | "failed";
  result: { version?: number; changes: Change[]; note?: string | null } | null;
  error_code: string | null;
  error: string | null;
}

interface Version {
  version: number;
  rules: RuleSet;
  made_by: string;
  made_at: string;
  reason: string;
  reverts: number | null;
  until: string | null;
  receipt: unknown[] | null;
}

interface Everything {
  rules: RuleSet;
  versions: Version[];
  /** Those that come with Footfall, the latest first. */
  general: { version: number; digest: string; reason: string; made_at: string }[];
  channels: string[];
  task: Task | null;
}

interface Field {
  name: string;
  label: string;
  hint?: string;
  isRequired?: boolean;
}

const PATH = "/api/setup/rules";
const LOOK = 1000; // milliseconds between looks at what was asked
const CHANNEL: Field = { name: "channel", label: "Channel" };
const SOURCE: Field = { name: "source", label: "Called", hint: "Partner" };
// in the order in which they hold; `*` stands for anything in each pattern
const KINDS: { kind: string; title: string; one: string; about: string; fields: Field[] }[] = [
  {
    kind: "internal",
    title: "Internal traffic",
    one: "an internal rule",
    about: "Visits that begin at such an address are your own people’s: all that is filled in has to fit.",
    fields: [
      { name: "name", label: "Name", hint: "Office", isRequired: true },
      { name: "host", label: "Host", hint: "staging.*" },
      { name: "path", label: "Path", hint: "/admin/*" },
      { name: "parameter", label: "Parameter", hint: "audience=staff" },
    ],
  },
  {
    kind: "networks",
    title: "Networks of your own people",
    one: "a network",
    about: "Visits that begin from such a range of addresses are internal. No address is kept: a new range reaches what comes from then on.",
    fields: [
      { name: "name", label: "Name", hint: "Office", isRequired: true },
      { name: "range", label: "Addresses", hint: "203.0.113.0/24", isRequired: true },
    ],
  },
  {
    kind: "bots",
    title: "Bots",
    one: "a bot",
    about: "Whose user agent has this text in it is a bot.",
    fields: [
      { name: "name", label: "Name", hint: "Uptime check", isRequired: true },
      { name: "agent", label: "Text in the user agent", hint: "AcmeProbe/", isRequired: true },
    ],
  },
  {
    kind: "campaigns",
    title: "Campaigns",
    one: "a campaign rule",
    about: "The channel of visits whose campaign says all of this, and what their source is called.",
    fields: [{ name: "utm_source", label: "utm_source" }, { name: "utm_medium", label: "utm_medium", hint: "blast*" }, { name: "utm_campaign", label: "utm_campaign" }, CHANNEL, SOURCE],
  },
  {
    kind: "sources",
    title: "Referrers",
    one: "a referrer rule",
    about: "The same by the host that referred a visit which has no campaign.",
    fields: [{ name: "host", label: "Host", hint: "*partner.example", isRequired: true }, CHANNEL, SOURCE],
  },
  {
    kind: "pages",
    title: "Pages",
    one: "a page rule",
    about: "What the pages of a path are; the whole path.",
    fields: [
      { name: "path", label: "Path", hint: "/docs/*", isRequired: true },
      { name: "category", label: "Category", hint: "documentation" },
      { name: "type", label: "Type", hint: "content" },
    ],
  },
];
const ASPECTS = { preview: "would change", apply: "changed", revert: "changed back" };

const listed = (rules: RuleSet, kind: string): Rule[] => (rules[kind] as Rule[] | undefined) ?? [];

/** Rules without what is empty: as they are stored. */
const tidy = (rules: RuleSet): RuleSet => {
  const kept: RuleSet = {};
  for (const { kind, fields } of KINDS) {
    const some = listed(rules, kind).map((rule) => Object.fromEntries(fields.flatMap(({ name }) => (rule[name] ? [[name, rule[name]]] : []))));
    if (some.length) kept[kind] = some;
  }
  const behaviour = Object.fromEntries(Object.entries(rules.behaviour ?? {}).filter(([, most]) => most));
  if (Object.keys(behaviour).length) kept.behaviour = behaviour;
  if (rules.since) kept.since = rules.since;
  return kept;
};

/** Two sets that say the same. */
const same = (one: RuleSet, other: RuleSet): boolean => JSON.stringify(tidy(one)) === JSON.stringify(tidy(other));

/** How many rules a set has, in words. */
const summary = (rules: RuleSet): string => {
  const kinds = KINDS.flatMap(({ kind, title }) => (listed(rules, kind).length ? [`${title}: ${count(listed(rules, kind).length)}`] : []));
  if (rules.behaviour) kinds.push("Behaviour");
  return kinds.join(", ") || "none";
};

const List = ({ kind, title, one, about, fields, rules, channels, change }: (typeof KINDS)[number] & { rules: Rule[]; channels: string[]; change: (rules: Rule[]) => void }) => {
  const put = (index: number, name: string, value: string) => change(rules.map((rule, place) => (place === index ? { ...rule, [name]: value } : rule)));
  return (
    <fieldset class="own-rules">
      <legend>{title}</legend>
      <p class="meaning">{about}</p>
      {rules.map((rule, index) => (
        <div key={`${kind} ${index}`} class="own-rule">
          {fields.map(({ name, label, hint, isRequired }) => (
            <label key={name}>
              {label}{" "}
              {name === "channel" ? (
                <select value={rule[name] ?? ""} onChange={(event) => put(index, name, event.currentTarget.value)}>
                  <option value="">as it is</option>
                  {channels.map((channel) => (
                    <option key={channel}>{channel}</option>
                  ))}
                </select>
              ) : (
                <input value={rule[name] ?? ""} placeholder={hint} required={isRequired} maxLength={200} onInput={(event) => put(index, name, event.currentTarget.value)} />
              )}
            </label>
          ))}
          <button type="button" class="quiet" aria-label={`Remove ${one.replace(/^an? /, "")} ${index + 1}`} onClick={() => change(rules.filter((_, place) => place !== index))}>
            ✕
          </button>
        </div>
      ))}
      <button type="button" class="quiet" onClick={() => change([...rules, {}])}>
        + Add {one}
      </button>
    </fieldset>
  );
};

const Behaviour = ({ rules, change }: { rules: RuleSet; change: (rules: RuleSet) => void }) => {
  const most = (name: keyof NonNullable<RuleSet["behaviour"]>, label: string) => (
    <label>
      {label}{" "}
      <input
        type="number"
        min={1}
        max={1_000_000}
        placeholder="no limit"
        value={rules.behaviour?.[name] ?? ""}
        onInput={(event) => change({ ...rules, behaviour: { ...rules.behaviour, [name]: event.currentTarget.valueAsNumber || undefined } })}
      />
    </label>
  );
  return (
    <fieldset class="own-rules">
      <legend>Behaviour</legend>
      <p class="meaning">Who looks at more pages than this in a visit is a bot.</p>
      <div class="own-rule">
        {most("views_per_minute", "Views within a minute")}
        {most("views_without_engagement", "Views without anything else")}
      </div>
    </fieldset>
  );
};

/** The whole set as text, for whoever keeps it in a file. */
const AsText = ({ rules, change }: { rules: RuleSet; change: (rules: RuleSet) => void }) => {
  const [error, setError] = useState<Refused>();
  return (
    <details>
      <summary>As JSON</summary>
      <label class="own-text">
        <span class="meaning">As `footfall rules apply` reads it.</span>
        <textarea
          rows={12}
          spellcheck={false}
          aria-label="The rules as JSON"
          value={JSON.stringify(tidy(rules), null, 2)}
          onChange={(event) => {
            try {
              const read: unknown = JSON.parse(event.currentTarget.value);
              if (!read || typeof read !== "object" || Array.isArray(read)) throw new SyntaxError("rules are an object");
              setError(undefined);
              change(read as RuleSet);
            } catch (fault) {
              setError(new Refused("not_json", `This cannot be read: ${(fault as Error).message}`, 0));
            }
          }}
        />
      </label>
      <Problem error={error} />
    </details>
  );
};

const Outcome = ({ task }: { task: Task }) => {
  if (task.state === "waiting") return <p role="status">Waiting for the worker…</p>;
  if (task.state === "working") return <p role="status">{task.kind === "preview" ? "Looking at all visits…" : "Judging all visits again. You may leave this page: it goes on."}</p>;
  if (task.state === "failed") return <Problem error={new Refused(task.error_code ?? "", task.error ?? "", 0)} />;
  const changes = task.result?.changes ?? [];
  return (
    <div role="status" class="outcome-of-rules">
      <p>
        <b>{task.kind === "preview" ? "Preview" : `Version ${task.result?.version} is in force`}:</b> {changes.length ? `this ${ASPECTS[task.kind]}:` : `nothing that is stored ${ASPECTS[task.kind]}.`}
      </p>
      <ul>
        {changes.map(({ sentence, example }) => (
          <li key={sentence}>
            {sentence}
            {example && <span class="meaning">{example}</span>}
          </li>
        ))}
      </ul>
      {task.result?.note && <p class="meaning">{task.result.note}</p>}
    </div>
  );
};

const Editor = ({ all, again }: { all: Everything; again: () => void }) => {
  const [draft, edit] = useState<RuleSet>(all.rules);
  const [task, setTask] = useState<Task | undefined>(all.task ?? undefined);
  const [days, within] = useState("30");
  const [why, explain] = useState("");
  const [error, setError] = useState<Refused>();
  const isUnderWay = task?.state === "waiting" || task?.state === "working";
  useEffect(() => {
    if (!isUnderWay) return;
    const timer = setTimeout(async () => {
      const found = await call<Task | null>("GET", `${PATH}/task`).catch(() => task!);
      setTask(found ? { ...found } : undefined);
      if (found && found.kind !== "preview" && found.state === "done") again();
    }, LOOK);
    return () => clearTimeout(timer);
  }, [task]);
  const ask = async (kind: Task["kind"], body: unknown) => {
    setError(undefined);
    try {
      await call("POST", `${PATH}/${kind}`, body);
      setTask({ kind, state: "waiting", result: null, error_code: null, error: null });
    } catch (refused) {
      setError(refused as Refused);
    }
  };
  const isChanged = !same(draft, all.rules);
  return (
    <form
      class="rules-editor"
      onSubmit={(event) => {
        event.preventDefault();
        if ((event.submitter as HTMLButtonElement | null)?.value === "apply") {
          if (confirm("Put these rules in force, over all that is stored? Revert takes them back.")) void ask("apply", { rules: tidy(draft), why });
        } else void ask("preview", { rules: tidy(draft), days: days ? Number(days) : null });
      }}
    >
      {KINDS.map((one) => (
        <List key={one.kind} {...one} rules={listed(draft, one.kind)} channels={all.channels} change={(some) => edit({ ...draft, [one.kind]: some })} />
      ))}
      <Behaviour rules={draft} change={edit} />
      <div class="tools">
        <label>
          Holds for visits from this day on <input type="date" value={draft.since ?? ""} onInput={(event) => edit({ ...draft, since: event.currentTarget.value })} />
        </label>
        <span class="meaning">Empty: for all that is stored.</span>
      </div>
      <AsText rules={draft} change={edit} />
      <div class="tools">
        <label>
          Try it on{" "}
          <select value={days} onChange={(event) => within(event.currentTarget.value)}>
            <option value="7">visits of the last 7 days</option>
            <option value="30">visits of the last 30 days</option>
            <option value="">all visits</option>
          </select>
        </label>
        <button value="preview" disabled={isUnderWay}>
          Preview
        </button>
      </div>
      <div class="tools">
        <label>
          Reason <input maxLength={500} placeholder="our uptime check is no visitor" value={why} onInput={(event) => explain(event.currentTarget.value)} />
        </label>
        <button value="apply" disabled={isUnderWay || !isChanged}>
          Apply
        </button>
        <button type="button" class="quiet" disabled={!isChanged} onClick={() => edit(all.rules)}>
          Discard changes
        </button>
        <button
          type="button"
          class="quiet"
          disabled={isUnderWay || !all.versions.length}
          onClick={() => confirm("Take the rules in force back? Those before them come into force, over all that is stored.") && void ask("revert", { why })}
        >
          Revert
        </button>
      </div>
      <Problem error={error} />
      {task && <Outcome task={task} />}
    </form>
  );
};

const Versions = ({ versions }: { versions: Version[] }) => (
  <Table
    caption="Versions of the rules, the latest first"
    rows={versions}
    keyOf={({ version }) => version}
    empty="There are no rules of your own: the general ones hold."
    columns={[
      { label: "Version", value: ({ version, until }) => `Version ${version}${until ? "" : ", in force"}` },
      { label: "Rules", value: ({ rules, reverts }) => `${summary(rules)}${reverts ? `; takes back version ${reverts}` : ""}` },
      { label: "Who", value: ({ made_by }) => made_by },
      { label: "When (UTC)", value: ({ made_at }) => <time dateTime={made_at}>{`${day(made_at)}, ${clock(made_at, false)}`}</time> },
      { label: "Why", value: ({ reason }) => reason },
      { label: "Stored visits", value: ({ receipt }) => (receipt ? "judged" : "not all judged") },
    ]}
  />
);

/** For this site. */
export const Rules = () => {
  const { tenant } = useSite();
  const { thing, error, again } = useThing<Everything>(PATH, tenant.tenant);
  return (
    <>
      <section class="panel wide">
        <header>
          <h2>Rules of your own</h2>
        </header>
        <p class="meaning">
          They lie over the general rules, which come with Footfall. What was sent stays as it is: rules say what it is taken for, and hold for what comes and for all that is stored. Of a kind the first that fits holds; * stands for anything.
        </p>
        <Problem error={error} again={again} />
        {thing ? <Editor key={`${tenant.tenant} ${thing.versions[0]?.version}`} all={thing} again={again} /> : !error && <Loading lines={8} />}
      </section>
      {thing && (
        <section class="panel wide">
          <header>
            <h2>Versions</h2>
          </header>
          <Versions versions={thing.versions} />
          {thing.general[0] && (
            <p class="meaning">
              Under them lies version {thing.general[0].version} of the general rules ({thing.general[0].reason}, <code title={thing.general[0].digest}>{thing.general[0].digest.slice(0, 12)}</code>), since {day(thing.general[0].made_at)}.
            </p>
          )}
        </section>
      )}
    </>
  );
};

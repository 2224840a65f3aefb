// What visitors ask about their data: they are found, handed over, erased; the register of what was asked; receipts. For owners.
import { useState } from "preact/hooks";
import { clock, count, day } from "../format";
import { Loading, Nothing, Problem } from "../parts/notices";
import { Short } from "../parts/short";
import { Table } from "../parts/table";
import { useThing } from "../questions";
import { call, download, type Refused } from "../server";
import { useSite } from "../site";

interface Id {
  kind: string;
  id: string;
}

interface Found {
  visitors: string[];
  users: string[];
  sessions: string[];
  known: { visitors: number; users: number; sessions: number };
  events: number;
  layers: { layer: string; rows: number; tables: number }[];
}

interface Asked {
  request: number;
  kind: string;
  law: string;
  reference: string;
  received_on: string;
  due_on: string;
  state: "open" | "done" | "refused";
  closed_at: string | null;
  receipt: number | null;
}

interface Receipt {
  number: number;
  erased_at: string;
  mode: string;
  counts: { [table: string]: number };
  hash: string;
}

const PATH = "/api/setup/privacy";
const SHOWN = 16; // characters of a reference in a choice: a phone is narrow
const KINDS = {
  user: "user id, as the site sends it",
  visitor: "visitor id or key",
  session: "session id",
  email: "e-mail address",
  event: "event key",
  code: "code that the visitor reads out",
};
const LAYERS: { [layer: string]: string } = {
  raw: "As received",
  staging: "Checked",
  vault: "In the vault",
  judgements: "Computed of it",
  marts: "Counted by reports",
  work: "Notes of the software",
};
const MODES = { forget: "Forget: figures stay, nobody's", delete: "Delete: the events go too" };
const ASKED = {
  access: "to see what is held",
  erasure: "to be erased",
  portability: "to take it along",
  rectification: "to have it corrected",
  objection: "not to be tracked",
  opt_out: "that nothing is sold or shared",
};
const LAWS = { gdpr: "GDPR: a month", ccpa: "CCPA: 45 days" };

const Options = ({ of }: { of: { [value: string]: string } }) => (
  <>
    {Object.entries(of).map(([value, text]) => (
      <option key={value} value={value}>
        {text}
      </option>
    ))}
  </>
);

/** Ids, the first of them; how many there are besides. */
const Ids = ({ ids, known }: { ids: string[]; known: number }) => (
  <>
    {ids.map((id, place) => (
      <span key={id}>
        {place > 0 && ", "}
        <Short title={id}>{id}</Short>
      </span>
    ))}
    {known > ids.length && <span class="meaning"> and {count(known - ids.length)} more</span>}
    {known === 0 && "none"}
  </>
);

const Person = ({ found }: { found: Found }) => (
  <>
    <dl class="record">
      <dt>Seen as visitors</dt>
      <dd>
        <Ids ids={found.visitors} known={found.known.visitors} />
      </dd>
      <dt>User ids that were met</dt>
      <dd>
        <Ids ids={found.users} known={found.known.users} />
        {found.known.users > 1 && <span class="meaning"> of a shared browser there may be several people’s</span>}
      </dd>
      <dt>Sessions</dt>
      <dd>{count(found.known.sessions)}</dd>
      <dt>Events</dt>
      <dd>{count(found.events)}</dd>
    </dl>
    <Table
      caption="What is held, by layer"
      rows={found.layers}
      keyOf={({ layer }) => layer}
      columns={[
        { label: "Layer", value: ({ layer }) => LAYERS[layer] ?? layer },
        { label: "Tables", isNumber: true, value: ({ tables }) => count(tables) },
        { label: "Rows", isNumber: true, value: ({ rows }) => count(rows) },
      ]}
    />
  </>
);

/** Erases once the id is typed again. `open`: requests that this may answer. */
const Erase = ({ of, open, erase }: { of: Id; open: Asked[]; erase: (mode: string, confirmation: string, request?: number) => Promise<void> }) => {
  const [mode, setMode] = useState("forget");
  const [typed, type] = useState("");
  const [request, answer] = useState("");
  return (
    <form
      class="tools"
      onSubmit={(event) => {
        event.preventDefault();
        void erase(mode, typed, request ? Number(request) : undefined);
      }}
    >
      <label>
        How{" "}
        <select value={mode} onChange={(event) => setMode(event.currentTarget.value)}>
          <Options of={MODES} />
        </select>
      </label>
      {open.length > 0 && (
        <label>
          Answers{" "}
          <select value={request} onChange={(event) => answer(event.currentTarget.value)}>
            <option value="">no request</option>
            {open.map(({ request: number, reference }) => (
              <option key={number} value={number}>
                request {number} {reference.length > SHOWN ? `${reference.slice(0, SHOWN)}…` : reference}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        Type the id again to confirm <input autocomplete="off" value={typed} onInput={(event) => type(event.currentTarget.value)} />
      </label>
      <button disabled={typed.trim() !== of.id}>{mode === "delete" ? "Delete for ever" : "Forget for ever"}</button>
    </form>
  );
};

/** `open`: requests that are open; `changed`: something was erased. */
const Find = ({ open, changed }: { open: Asked[]; changed: () => void }) => {
  const [kind, setKind] = useState("user");
  const [text, write] = useState("");
  const [of, setOf] = useState<Id>(); // whom what is shown is about
  const [found, setFound] = useState<Found>();
  const [receipt, setReceipt] = useState<Receipt>();
  const [error, setError] = useState<Refused>();
  const [isBusy, setBusy] = useState(false);
  const run = async (action: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    await action().catch(setError);
    setBusy(false);
  };
  const find = () =>
    run(async () => {
      const id = { kind, id: text.trim() };
      setOf(undefined);
      setReceipt(undefined);
      setFound(await call<Found>("POST", `${PATH}/find`, id));
      setOf(id);
    });
  const erase = (mode: string, confirmation: string, request?: number) =>
    run(async () => {
      setReceipt(await call<Receipt>("POST", `${PATH}/erase`, { ...of, mode, confirmation, request }));
      setOf(undefined);
      changed();
    });
  return (
    <section class="panel wide">
      <header>
        <h2>What is held about a visitor</h2>
      </header>
      <p class="meaning">Whoever hangs together with the id is one visitor: sessions lead to visitors, and visitors to sessions. Each look is told in the audit log, without the id.</p>
      <form
        class="tools"
        onSubmit={(event) => {
          event.preventDefault();
          void find();
        }}
      >
        <label>
          Known by{" "}
          <select value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
            <Options of={KINDS} />
          </select>
        </label>
        <label>
          Id of the visitor <input required autocomplete="off" maxLength={500} value={text} onInput={(event) => write(event.currentTarget.value)} />
        </label>
        <button disabled={isBusy}>Find</button>
      </form>
      <Problem error={error} />
      {receipt && (
        <p class="first received" role="status">
          <b>Erased:</b> {count(rowsOf(receipt))} rows. Receipt {receipt.number}. Whatever comes under these ids later is refused.
        </p>
      )}
      {of && found && found.layers.length === 0 && <Nothing>Nothing is held about anybody of this id.</Nothing>}
      {of && found && found.layers.length > 0 && (
        <>
          <Person found={found} />
          <p class="handing">
            <button disabled={isBusy} onClick={() => void run(() => download(`${PATH}/export`, of, "person.zip"))}>
              Download all of it
            </button>
          </p>
          <div class="editor">
            <h3>Erase this visitor</h3>
            <p class="meaning">From every layer, within seconds. Nothing brings them back, and nobody can undo it.</p>
            <Erase key={`${of.kind} ${of.id}`} of={of} open={open} erase={erase} />
          </div>
        </>
      )}
    </section>
  );
};

const rowsOf = ({ counts }: Receipt): number => Object.values(counts).reduce((sum, rows) => sum + rows, 0);

const Register = ({ asked, again }: { asked: Asked[]; again: () => void }) => {
  const today = new Date().toISOString().slice(0, 10);
  const [kind, setKind] = useState("access");
  const [law, setLaw] = useState("gdpr");
  const [reference, refer] = useState("");
  const [received, receive] = useState(today);
  const [error, setError] = useState<Refused>();
  const send = (path: string, body: unknown, done = () => {}) =>
    call("POST", path, body).then(
      () => {
        setError(undefined);
        done();
        again();
      },
      (refused: Refused) => setError(refused),
    );
  return (
    <>
      <Table
        caption="Requests, open ones first"
        rows={asked}
        keyOf={({ request }) => request}
        empty="Nobody has asked yet."
        columns={[
          { label: "Request", value: ({ request }) => `Request ${request}` },
          { label: "Asked", value: ({ kind: one }) => ASKED[one as keyof typeof ASKED] ?? one },
          { label: "Reference", value: ({ reference: text }) => text && <Short title={text}>{text}</Short> },
          { label: "Received", value: ({ received_on }) => day(received_on) },
          { label: "Due", value: ({ due_on, law: by, state }) => <span class={state === "open" && due_on < today ? "overdue" : undefined} title={LAWS[by as keyof typeof LAWS]}>{day(due_on)}</span> },
          { label: "State", value: (row) => stateOf(row, today) },
          {
            label: "",
            value: ({ request, state }) =>
              state === "open" && (
                <span class="answers">
                  {(["done", "refused"] as const).map((answer) => (
                    <button key={answer} class="quiet" aria-label={`Request ${request} was ${answer === "done" ? "answered" : "refused"}`} onClick={() => void send(`${PATH}/requests/${request}`, { state: answer })}>
                      {answer === "done" ? "Answered" : "Refused"}
                    </button>
                  ))}
                </span>
              ),
          },
        ]}
      />
      <Problem error={error} />
      <form
        class="tools"
        onSubmit={(event) => {
          event.preventDefault();
          void send(`${PATH}/requests`, { kind, law, reference, received }, () => refer(""));
        }}
      >
        <label>
          Asked{" "}
          <select value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
            <Options of={ASKED} />
          </select>
        </label>
        <label>
          Law{" "}
          <select value={law} onChange={(event) => setLaw(event.currentTarget.value)}>
            <Options of={LAWS} />
          </select>
        </label>
        <label>
          Received <input type="date" required max={today} value={received} onInput={(event) => receive(event.currentTarget.value)} />
        </label>
        <label>
          Reference <input maxLength={100} placeholder="ticket-512; names nobody" value={reference} onInput={(event) => refer(event.currentTarget.value)} />
        </label>
        <button>Put it down</button>
      </form>
    </>
  );
};

const stateOf = ({ state, due_on, closed_at, receipt }: Asked, today: string): string => {
  if (state === "open") return due_on < today ? "open, overdue" : "open";
  return `${state === "done" ? "answered" : "refused"}${closed_at ? ` on ${day(closed_at)}` : ""}${receipt ? `, receipt ${receipt}` : ""}`;
};

const Receipts = ({ receipts }: { receipts: Receipt[] }) => (
  <Table
    caption="Receipts, the latest first"
    rows={receipts}
    keyOf={({ number }) => number}
    empty="Nobody was erased yet."
    columns={[
      { label: "Receipt", value: ({ number }) => `Receipt ${number}` },
      { label: "When (UTC)", value: ({ erased_at }) => <time dateTime={erased_at}>{`${day(erased_at)}, ${clock(erased_at, false)}`}</time> },
      { label: "How", value: ({ mode }) => (mode === "delete" ? "deleted" : "forgotten") },
      { label: "Rows", isNumber: true, value: (row) => count(rowsOf(row)) },
      { label: "Hash", value: ({ hash }) => <code title={hash}>{hash.slice(0, 16)}…</code> },
    ]}
  />
);

/** For this site. */
export const Privacy = () => {
  const { tenant } = useSite();
  const requests = useThing<Asked[]>(`${PATH}/requests`, tenant.tenant);
  const receipts = useThing<Receipt[]>(`${PATH}/receipts`, tenant.tenant);
  return (
    <>
      <Find
        open={requests.thing?.filter(({ state }) => state === "open") ?? []}
        changed={() => {
          requests.again();
          receipts.again();
        }}
      />
      <section class="panel wide">
        <header>
          <h2>Register of requests</h2>
        </header>
        <Problem error={requests.error} again={requests.again} />
        {requests.thing ? <Register asked={requests.thing} again={requests.again} /> : !requests.error && <Loading lines={4} />}
      </section>
      <section class="panel wide">
        <header>
          <h2>Receipts of erasures</h2>
        </header>
        <Problem error={receipts.error} again={receipts.again} />
        {receipts.thing ? <Receipts receipts={receipts.thing} /> : !receipts.error && <Loading lines={3} />}
        <p class="meaning">A receipt names nobody. Each carries the hash of the one before it, and the audit log holds it too.</p>
      </section>
    </>
  );
};

// What the keys do, shown by ?.
import { PERIODS } from "../periods";
import { numbered } from "../shortcuts";
import { Dialog } from "./dialog";

const KEYS: [string, string][] = [
  ["←", "Earlier"],
  ["→", "Later"],
  ["C", "Choose days"],
  ["X", "Compare, or not"],
  ["/", "Filter; in a dialog, search"],
  ["Esc", "Close what is open; then, show all without the filter"],
  ["?", "These keys"],
];

export const Keys = ({ close }: { close: () => void }) => (
  <Dialog title="Keys" close={close}>
    <div class="keys">
      <List title="Days" keys={Object.values(PERIODS).flatMap(({ key, label }) => (key ? [[key, label]] : []))} />
      <List title="Views" keys={numbered().map(([, title], index) => [String(index + 1), title])} />
      <List title="More" keys={KEYS} />
    </div>
  </Dialog>
);

const List = ({ title, keys }: { title: string; keys: string[][] }) => (
  <section>
    <h3>{title}</h3>
    <dl>
      {keys.map(([key, does]) => (
        <div key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{does}</dd>
        </div>
      ))}
    </dl>
  </section>
);

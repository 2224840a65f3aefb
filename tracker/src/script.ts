// `/footfall.js`: reads its options from the script element, starts, and answers the calls that came before it.
import { elementOf } from "./element";
import { start, type Footfall, type Options } from "./footfall";

const global = window as unknown as Record<string, any>;

// a page that includes the snippet twice has one tracker
if (!global.footfall?.queue_) {
  const { dataset, src, nonce } = elementOf();
  const called: [keyof Footfall, ...never[]][] = global.footfall?.q || [];

  const options: Record<string, unknown> = { host: new URL(src).origin, ...dataset };
  // an attribute without a value is a yes
  for (const name in dataset) options[name] ||= true;
  // looked up when it is needed: it may be defined after this script
  if (dataset.beforeSend) options.beforeSend = (event: unknown) => global[dataset.beforeSend!](event);

  const footfall = (global.footfall = start(options as unknown as Options));
  for (const [name, ...values] of called) (footfall[name] as (...values: never[]) => void)(...values);

  const more = document.createElement("script");
  more.src = new URL("footfall-more.js", src) as never; // the element makes it text
  more.nonce = nonce;
  document.head.append(more);
}

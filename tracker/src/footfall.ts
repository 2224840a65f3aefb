// The whole tracker: what `/footfall.js` starts, and what the ES module gives.
import { watchConsent, type Consent } from "./consent";
import type { Details, Options, TransactionStep } from "./events";
import { createTracker, type Tracker } from "./tracker";

export type { Details, Options, TransactionStep, WireEvent } from "./events";

export interface Footfall extends Tracker, Consent {
  /** Something done with an item: viewed (the default), added to a cart, liked, … */
  item(details: Details & ({ item_id: string } | { label: string })): void;
  /** A step of a transaction; steps repeated under one `transaction_id` count once. */
  transaction(step: TransactionStep, details?: Details): void;
  /** A visitor got in touch. */
  contact(details?: Details): void;
  /** Of the part that is loaded later: a code by which what is held of the visitor is found; "": nothing is. */
  whoami?: () => string;
  /** Of the part that is loaded later: called when a view is about to become another one. */
  leave?: () => void;
}

/** Start tracking pages; see more.ts for the rest. */
export const start = (options: Options): Footfall => {
  const tracker = createTracker(options);
  const { track } = tracker;
  const footfall: Footfall = Object.assign(tracker, watchConsent(tracker), {
    item: (details: Details) => track("item_interaction", details),
    transaction: (action: TransactionStep, details?: Details) => track("transaction_step", { ...details, action }),
    contact: (details?: Details) => track("contact_interaction", details),
  });
  // a prerendered page is a view when it is shown: see pages.ts
  if (!(document as { prerendering?: boolean }).prerendering) footfall.page();
  return footfall;
};

// Whether all that was sent is counted: a line on every page, which leads to where it is proved.
import { hrefOf } from "../address";
import { count } from "../format";
import { useThing } from "../questions";
import { useSite } from "../site";

/** What was received in an hour, and what became of it. */
export interface Hour {
  received_hour: string;
  received: number;
  loaded: number;
  duplicate: number;
  invalid: number;
  pending: number;
}

export const FATES = ["loaded", "duplicate", "invalid", "pending"] as const;

export const sumOf = (balance: Hour[], key: Exclude<keyof Hour, "received_hour">): number => balance.reduce((total, hour) => total + Number(hour[key]), 0);

/** How many of the events that were received are nowhere. */
export const lostOf = (balance: Hour[]): number => FATES.reduce((left, fate) => left - sumOf(balance, fate), sumOf(balance, "received"));

export const Balance = () => {
  const { tenant } = useSite();
  const { thing } = useThing<{ balance: Hour[] }>("/api/quality", tenant.tenant);
  if (!thing) return null;
  const lost = lostOf(thing.balance);
  return (
    <a data-own class={lost ? "balance lost" : "balance"} href={hrefOf({}, "quality", true)} title="Of the last 48 hours: received = loaded + duplicate + invalid + pending">
      {lost ? `✗ ${count(lost)} lost` : "✓ balanced, 0 lost"}
    </a>
  );
};

// What every view is about: who looks, at which tenant, at which days, through which filter.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { useAddress } from "./address";
import { comparedWith, rangeOf, type Range } from "./periods";
import type { Pack, Person, Tenant } from "./server";

export interface Who {
  person: Person;
  tenant: Tenant;
  pack?: Pack;
}

export const WhoContext = createContext<Who | undefined>(undefined);

export interface Site extends Who {
  params: URLSearchParams;
  range: Range;
  /** The range that figures are compared with. */
  before?: Range;
  compare: string;
  filter: string;
  /** What questions about the range have in common. */
  about: Range & { filter: string; includeBots: boolean; asOf: string };
  /** Whether who looks may see what single visitors did. */
  seesVisitors: boolean;
  maySetUp: boolean;
}

export const useSite = (): Site => {
  const who = useContext(WhoContext)!;
  const { params } = useAddress();
  const range = rangeOf(params, who.tenant.timeZone);
  const compare = params.get("compare") ?? "previous_period";
  const filter = params.get("filter") ?? "";
  return {
    ...who,
    params,
    range,
    compare,
    before: comparedWith(range, compare),
    filter,
    about: { ...range, filter, includeBots: params.get("bots") === "true", asOf: params.get("asOf") ?? "" },
    seesVisitors: who.tenant.role !== "guest",
    maySetUp: who.tenant.role === "owner" || who.tenant.role === "admin",
  };
};

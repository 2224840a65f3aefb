// What every view is about: who looks, at which tenant, at which days, through which filter.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { useAddress } from "./address";
import { asked, comparisonsOf, rangeOf, type Range } from "./periods";
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
  /** What figures are compared with, by its name; nothing: with nothing. */
  compare?: string;
  filter: string;
  /** What questions about the range have in common. */
  about: Partial<Range> & { filter: string; includeBots: boolean; asOf: string };
  /** Whether who looks may see what single visitors did. */
  seesVisitors: boolean;
  maySetUp: boolean;
}

export const useSite = (): Site => {
  const who = useContext(WhoContext)!;
  const { params } = useAddress();
  const range = rangeOf(params, who.tenant.timeZone, who.tenant.weekStart);
  const filter = params.get("filter") ?? "";
  return {
    ...who,
    params,
    range,
    compare: comparisonsOf(range).find((name) => name === (params.get("compare") ?? "previous_period")),
    filter,
    about: { ...asked(range), filter, includeBots: params.get("bots") === "true", asOf: params.get("asOf") ?? "" },
    seesVisitors: who.tenant.role !== "guest",
    maySetUp: who.tenant.role === "owner" || who.tenant.role === "admin",
  };
};

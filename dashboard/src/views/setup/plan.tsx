// What the tenant may send, and has sent.
import { clock, count } from "../../format";
import { Loading, Problem } from "../../parts/notices";
import { Table } from "../../parts/table";
import { useThing } from "../../questions";
import { useSite } from "../../site";
import { Part } from "./part";

interface Limit {
  limit: keyof typeof LIMITS;
  used: number | null;
  most: number | null;
  state: "free" | "near" | "reached";
  starts_again: string | null;
}

const LIMITS = {
  events_per_second: "Events a second",
  events_per_month: "Events this month",
  bytes_per_day: "Bytes today",
  pages_per_day: "New pages today",
  items_per_day: "New items today",
  values_per_day: "Values of properties today",
  keys_per_day: "Keys of properties today",
  months_per_day: "Months that today's events are of",
};
const STATES = { free: "", near: "nearly used up", reached: "used up: events are refused" };

export const Plan = () => {
  const { tenant } = useSite();
  const { thing, error } = useThing<Limit[]>("/api/setup/plan", tenant.tenant);
  return (
    <Part title="Plan" about="How much this site may send. Days and months are those of UTC; what is beyond is refused, counted, and told to who sends it.">
      <Problem error={error} />
      {thing ? (
        <Table
          caption="Limits"
          rows={thing}
          keyOf={({ limit }) => limit}
          share={({ used, most }) => (used && most ? Math.min(1, used / most) : 0)}
          columns={[
            { label: "What", value: ({ limit }) => LIMITS[limit] },
            { label: "Used", isNumber: true, value: ({ used }) => (used === null ? "" : count(used)) },
            { label: "At most", isNumber: true, value: ({ most }) => (most === null ? "no limit" : count(most)) },
            { label: "", value: ({ state, starts_again }) => state !== "free" && `${STATES[state]}${starts_again ? `, until ${clock(starts_again)}` : ""}` },
          ]}
        />
      ) : (
        !error && <Loading lines={4} />
      )}
    </Part>
  );
};

// Which pages are the tenant's own though their host is another one, and whose referrals begin no visit.
import { useState } from "preact/hooks";
import { Loading, Problem } from "../../parts/notices";
import { useThing } from "../../questions";
import { call } from "../../server";
import { useSite } from "../../site";
import { Form, Part, type Doing } from "./part";

interface Origin {
  ownHosts: string[];
  ignoredReferrers: string[];
}

const LABELS: Record<keyof Origin, string> = { ownHosts: "Further hosts of your own", ignoredReferrers: "Never begin a visit" };
const written = (hosts: string[]) => hosts.join(", ");
const hostsOf = (text: string) => text.split(/[\s,]+/).filter(Boolean);

export const Origins = ({ run }: Doing) => {
  const { tenant } = useSite();
  const { thing, error, again } = useThing<Origin>("/api/setup/origins", tenant.tenant);
  const [texts, write] = useState<Partial<Record<keyof Origin, string>>>({});
  const isOwner = tenant.role === "owner";
  return (
    <Part
      title="What is no referral"
      about="Who comes from a host of yours comes from nowhere else: name those besides that of the page and what is under it, say a shop's at another address. Pages that people are only sent through, to pay or to sign in, begin no visit either; the common ones are known."
    >
      <Problem error={error} />
      {!thing && !error && <Loading lines={2} />}
      {thing && (
        <Form
          run={run}
          action={async () => {
            await call("POST", "/api/setup/tenant", Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, hostsOf(text)])));
            write({});
            again();
          }}
        >
          {(Object.keys(LABELS) as (keyof Origin)[]).map((name) => (
            <label class="wide" key={name}>
              {LABELS[name]}{" "}
              <input
                disabled={!isOwner}
                value={texts[name] ?? written(thing[name])}
                placeholder={name === "ownHosts" ? "example.shop" : "pay.example.com"}
                onInput={(event) => write({ ...texts, [name]: event.currentTarget.value })}
              />
            </label>
          ))}
          {isOwner && <button disabled={!Object.keys(texts).length}>Save</button>}
        </Form>
      )}
    </Part>
  );
};

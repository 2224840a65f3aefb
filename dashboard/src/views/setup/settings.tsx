// What the tenant is called and counted by; figures of its past follow.
import { useState } from "preact/hooks";
import { call, type Tenant } from "../../server";
import { useSite } from "../../site";
import { Form, Industry, Part, type Doing } from "./part";

const ZONES = Intl.supportedValuesOf("timeZone");
const WEEK_STARTS: Record<Tenant["weekStart"], string> = { monday: "Monday", sunday: "Sunday", saturday: "Saturday" };

export const Settings = ({ run }: Doing) => {
  const { tenant, person } = useSite();
  const { name, industry, timeZone, currency, weekStart, wantsSecondFactor, wantsSingleSignOn } = tenant;
  const [fields, set] = useState({ name, industry, timeZone, currency, weekStart });
  const [requireSecondFactor, require] = useState(wantsSecondFactor === true);
  const [requireSingleSignOn, requireSignOn] = useState(wantsSingleSignOn === true);
  const [isSaving, setSaving] = useState(false);
  const change = (field: keyof typeof fields) => (event: { currentTarget: { value: string } }) => set({ ...fields, [field]: event.currentTarget.value });
  return (
    <Part
      title="This site"
      about="With another time zone all days begin at another midnight, those of the past too: that takes a moment, and until it is done all figures stay as they are. With another currency revenue counts what was sent in that one; nothing is converted."
    >
      <Form
        run={run}
        action={async () => {
          setSaving(true);
          try {
            await call("POST", "/api/setup/tenant", { ...fields, requireSecondFactor, requireSingleSignOn });
          } finally {
            setSaving(false);
          }
          location.reload();
        }}
      >
        <label>
          Name <input required maxLength={255} value={fields.name} onInput={change("name")} />
        </label>
        <Industry packs={person.packs} industry={fields.industry} choose={(chosen) => set({ ...fields, industry: chosen })} />
        <label>
          Time zone <input required list="time-zones" value={fields.timeZone} onInput={change("timeZone")} />
          <datalist id="time-zones">
            {ZONES.map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
        </label>
        <label>
          Currency <input required pattern="[A-Z]{3}" title="Three capital letters, such as EUR" size={4} value={fields.currency} onInput={change("currency")} />
        </label>
        <label>
          Weeks begin on{" "}
          <select value={fields.weekStart} onChange={change("weekStart")}>
            {Object.entries(WEEK_STARTS).map(([value, day]) => (
              <option key={value} value={value}>
                {day}
              </option>
            ))}
          </select>
        </label>
        <label>
          <input type="checkbox" checked={requireSecondFactor} onChange={(event) => require(event.currentTarget.checked)} /> Whoever looks needs a second factor
        </label>
        {(person.singleSignOn || requireSingleSignOn) && (
          <label>
            <input type="checkbox" checked={requireSingleSignOn} onChange={(event) => requireSignOn(event.currentTarget.checked)} /> Only who signs in by single sign-on sees it
          </label>
        )}
        <button disabled={isSaving}>{isSaving ? "Saving…" : "Save"}</button>
      </Form>
    </Part>
  );
};

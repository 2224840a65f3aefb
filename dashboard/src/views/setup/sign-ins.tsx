// Where one is signed in, and the end of that.
import { ago } from "../../format";
import { Loading, Problem } from "../../parts/notices";
import { Table } from "../../parts/table";
import { useThing } from "../../questions";
import { useSite } from "../../site";
import { Part, Remove, type Doing } from "./part";

interface SignIn {
  sign_in: number;
  created_at: string;
  last_seen_at: string;
  agent: string;
  this: boolean;
  method: string;
}

const METHODS: Record<string, string> = {
  password: "password",
  password_and_code: "password, code",
  password_and_passkey: "password, passkey",
  passkey: "passkey",
  single_sign_on: "single sign-on",
  single_sign_on_and_code: "single sign-on, code",
};

// the browser and the system, as far as one knows a device by them
const BROWSERS = /Edg|OPR|Firefox|Chrome|Safari/;
const SYSTEMS = /Windows|Android|iPhone|iPad|Mac OS|CrOS|Linux/;
const called = (agent: string): string => {
  const browser = BROWSERS.exec(agent)?.[0].replace("Edg", "Edge").replace("OPR", "Opera");
  const system = SYSTEMS.exec(agent)?.[0].replace("Mac OS", "macOS").replace("CrOS", "ChromeOS");
  return browser && system ? `${browser} on ${system}` : agent.slice(0, 60) || "unknown";
};

export const SignIns = ({ run }: Doing) => {
  const { tenant } = useSite();
  const { thing, error, again } = useThing<SignIn[]>("/api/session/all", tenant.tenant);
  const ending: Doing["run"] = async (action) => {
    await run(action);
    again();
  };
  return (
    <Part title="Where you are signed in" about="A sign-in ends after three days in which nobody uses it, and after fourteen in any case.">
      <Problem error={error} />
      {thing ? (
        <>
          <Table
            caption="Your sign-ins"
            rows={thing}
            keyOf={({ sign_in }) => String(sign_in)}
            columns={[
              { label: "Browser", value: ({ agent }) => <span title={agent}>{called(agent)}</span> },
              { label: "By", value: ({ method }) => METHODS[method] ?? method },
              { label: "Since", value: ({ created_at }) => ago(created_at) },
              { label: "Last seen", value: (row) => (row.this ? "now, here" : ago(row.last_seen_at)) },
              {
                label: "",
                value: (row) =>
                  !row.this && (
                    <Remove run={ending} path={`/api/session/all/${row.sign_in}`} of={`End the sign-in of ${called(row.agent)}`} question="End this sign-in?">
                      End
                    </Remove>
                  ),
              },
            ]}
          />
          {thing.length > 1 && (
            <Remove run={ending} path="/api/session/all/others" of="End all other sign-ins" question="End all your other sign-ins?">
              End all others
            </Remove>
          )}
        </>
      ) : (
        !error && <Loading lines={2} />
      )}
    </Part>
  );
};

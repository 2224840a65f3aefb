// Requests to the server that this page came from.
import { shareLink } from "./address";
import type { WeekStart } from "./periods";

/** What the server refused, with its stable code. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
    /** What goes with the code. */
    readonly details: Details = {},
  ) {
    super(message);
  }
}

interface Details {
  /** Of who has to sign in: there is a provider that says who they are; passkeys can be shown here. */
  singleSignOn?: boolean;
  passkeys?: boolean;
  /** Of whose second factor is needed: what a passkey would sign. */
  passkey?: PublicKeyCredentialRequestOptionsJSON;
}

export type Role = "owner" | "admin" | "viewer" | "guest";

export interface Tenant {
  tenant: string;
  name: string;
  industry: string;
  timeZone: string;
  currency: string;
  weekStart: WeekStart;
  role: Role;
  /** It wants what who looks has not. */
  isLocked?: boolean;
  lacks?: "second_factor" | "single_sign_on";
  wantsSecondFactor?: boolean;
  wantsSingleSignOn?: boolean;
  /** Its operator disabled it: nobody looks at it. */
  isDisabled?: boolean;
}

export interface Pack {
  industry: string;
  title: string;
  item_type: string;
  items: string;
  item_action: string;
  conversions: string;
  funnel: string;
  steps: string[];
  contact: string[];
  goal_names: string[];
  cards: string[];
  panels: string[];
}

export interface Person {
  email: string;
  name: string;
  isOperator: boolean;
  /** The password was for this sign-in only: without another one there will be no next. */
  passwordIsUsedUp: boolean;
  hasSecondFactor: boolean;
  /** There is a provider that says who somebody is. */
  singleSignOn: boolean;
  /** Where this page is, passkeys can be made. */
  passkeys: boolean;
  /** The one that the request named, and the first fifty by name. */
  tenants: Tenant[];
  /** The id that the named one goes by now; nothing: there is none such, or it is not theirs. */
  named: string | null;
  packs: Record<string, Pack>;
}

// names the cookie of this link's guests
const SHARE = shareLink.slice(0, 8);

const tenantNow = () => new URLSearchParams(location.search).get("tenant") ?? "";

let back: { promise: Promise<void>; settle: () => void } | undefined; // set while the server does not know who asks
let tell: (() => void) | undefined;

/** Calls `ended` when a sign-in has ended under the page; all requests then wait for `signedIn`, and nothing that was begun is lost. */
export const whenSignedOut = (ended: () => void): void => {
  tell = ended;
};

/** Whoever was asked to has signed in again: what waited is asked. */
export const signedIn = (): void => {
  back?.settle();
  back = undefined;
};

const signedInAgain = (): Promise<void> => {
  if (!back) {
    let settle = () => {};
    const promise = new Promise<void>((done) => (settle = done));
    back = { promise, settle };
    tell!();
  }
  return back.promise;
};

// what is asked in order to sign in waits for nobody
const DOORS = ["POST /api/session", "POST /api/session/oidc", "POST /api/session/passkey", "POST /api/session/passkey/confirm", "POST /api/share"];

/** Sends a request about a tenant (default: the one in the address) and returns the answer's data. Throws Refused. */
export const call = async <T>(method: string, path: string, body?: unknown, tenant = tenantNow()): Promise<T> => {
  if (DOORS.includes(`${method} ${path}`)) return send(method, path, body, tenant);
  await back?.promise;
  try {
    return await send<T>(method, path, body, tenant);
  } catch (error) {
    if (!tell || (error as Refused).status !== 401) throw error;
    await signedInAgain();
    return call(method, path, body, tenant);
  }
};

const send = async <T>(method: string, path: string, body: unknown, tenant: string): Promise<T> => (await answered(await sent(method, path, body, tenant))).data as T;

const sent = async (method: string, path: string, body: unknown, tenant: string): Promise<Response> => {
  const headers: Record<string, string> = { "X-Footfall-Request": "1", "X-Footfall-Tenant": tenant };
  if (shareLink) headers["X-Footfall-Share"] = SHARE;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Refused("no_answer", "The server does not answer. Is Footfall running?", 0);
  }
};

const answered = async (response: Response): Promise<{ data: unknown }> => {
  const reply = await response.json().catch(() => ({}));
  if (!response.ok || !reply.success) {
    throw new Refused(reply.debug_info?.error ?? "unknown", reply.message ?? `The server answered ${response.status}.`, response.status, reply.debug_info);
  }
  return reply;
};

/** Asks for a file by a body, as what names somebody does not belong into an address, and has the browser keep it. Throws Refused. */
export const download = async (path: string, body: unknown, name: string): Promise<void> => {
  const response = await sent("POST", path, body, tenantNow());
  if (!response.ok) {
    await answered(response);
    return;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
};

/** The address of something that the browser fetches by itself: a file, a stream. */
export const addressOf = (path: string, params: Record<string, string | number | string[] | undefined>, tenant = tenantNow()): string => {
  const query = new URLSearchParams({ tenant });
  if (shareLink) query.set("share", SHARE);
  for (const [key, value] of Object.entries(params)) for (const one of [value ?? []].flat()) if (one !== "") query.append(key, String(one));
  return `${path}?${query}`;
};

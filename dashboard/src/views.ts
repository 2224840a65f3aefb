// The views of the pages: each is a file of its own, which is loaded when it is opened.
import type { ComponentType } from "preact";

export interface View {
  title: string;
  group: string;
  load: () => Promise<ComponentType>;
  /** Tells what single visitors did, or sets something up: not for guests. */
  isInner?: boolean;
  /** For owners only. */
  isOwners?: boolean;
  /** About all sites together: for operators only. */
  isOperators?: boolean;
}

// their names are addresses, also in web/dashboard.py
export const VIEWS: Record<string, View> = {
  "": { title: "Overview", group: "Watch", load: () => import("./views/overview").then(({ Overview }) => Overview) },
  realtime: { title: "Realtime", group: "Watch", load: () => import("./views/realtime").then(({ Realtime }) => Realtime), isInner: true },
  sessions: { title: "Visits", group: "Watch", load: () => import("./views/sessions").then(({ Sessions }) => Sessions), isInner: true },
  funnels: { title: "Funnels", group: "Explore", load: () => import("./views/funnels").then(({ Funnels }) => Funnels) },
  retention: { title: "Retention", group: "Explore", load: () => import("./views/retention").then(({ Retention }) => Retention) },
  paths: { title: "Paths", group: "Explore", load: () => import("./views/paths").then(({ Paths }) => Paths) },
  items: { title: "Items", group: "Explore", load: () => import("./views/items").then(({ Items }) => Items) },
  engagement: { title: "Engagement", group: "Explore", load: () => import("./views/engagement").then(({ Engagement }) => Engagement) },
  speed: { title: "Speed", group: "Explore", load: () => import("./views/speed").then(({ Speed }) => Speed) },
  events: { title: "Events", group: "Explore", load: () => import("./views/events").then(({ Events }) => Events) },
  why: { title: "Why this number", group: "Trust", load: () => import("./views/why").then(({ Why }) => Why), isInner: true },
  quality: { title: "Data quality", group: "Trust", load: () => import("./views/quality").then(({ Quality }) => Quality), isInner: true },
  setup: { title: "Set-up", group: "Set up", load: () => import("./views/setup/index").then(({ Setup }) => Setup), isInner: true },
  rules: { title: "Rules", group: "Set up", load: () => import("./views/rules").then(({ Rules }) => Rules), isInner: true, isOwners: true },
  audit: { title: "Audit log", group: "Set up", load: () => import("./views/audit").then(({ Audit }) => Audit), isInner: true, isOwners: true },
  privacy: { title: "Privacy requests", group: "Set up", load: () => import("./views/privacy").then(({ Privacy }) => Privacy), isInner: true, isOwners: true },
  records: { title: "Records of processing", group: "Set up", load: () => import("./views/records").then(({ Records }) => Records), isInner: true, isOwners: true },
  customers: { title: "Customers", group: "Operate", load: () => import("./views/customers").then(({ Customers }) => Customers), isInner: true, isOperators: true },
  "audit-all": { title: "Audit log of all", group: "Operate", load: () => import("./views/audit").then(({ AllAudit }) => AllAudit), isInner: true, isOperators: true },
};
export const GROUPS = ["Watch", "Explore", "Trust", "Set up", "Operate"];

/** The view of this name; nothing for an address that is none of ours. */
export const viewOf = (name: string): View | undefined => (Object.hasOwn(VIEWS, name) ? VIEWS[name] : undefined);

/** Whether a view is for whoever looks. */
export const isFor = ({ isInner, isOwners, isOperators }: View, { isGuest, isOwner, isOperator }: { isGuest: boolean; isOwner: boolean; isOperator: boolean }): boolean =>
  !(isGuest && isInner) && (isOwner || !isOwners) && (isOperator || !isOperators);

const loaded = new Map<View["load"], ComponentType>();

/** What a view is drawn by, once it is loaded. */
export const drawnBy = ({ load }: View): ComponentType | undefined => loaded.get(load);

const RELOADED = "footfall-reloaded"; // until the tab is closed, or the next file comes

/**
 * Loads a view. A file that is not there may have gone: a newer Footfall serves these pages by now, so they are loaded anew, but
 * once: whoever has no connection, or a filter between, would see them begin over and over.
 */
export const load = async ({ load }: View): Promise<void> => {
  if (loaded.has(load)) return;
  try {
    loaded.set(load, await load());
    sessionStorage.removeItem(RELOADED);
  } catch (error) {
    if (sessionStorage.getItem(RELOADED)) throw error;
    sessionStorage.setItem(RELOADED, "yes");
    location.reload();
    await new Promise(() => {}); // the page goes
  }
};

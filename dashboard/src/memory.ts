// How somebody looked at things last in this browser: used when an address says nothing of it, as a bookmark of the bare page does.

// what is remembered wherever one is, and of each view: tabs, not what they were narrowed to
const EVERYWHERE = ["tenant", "period", "compare"];
const OF_VIEW = ["metric", "as", "sources", "pages", "entries", "campaigns", "devices", "locations", "part"];
const KEY = "footfall-last";

type Kept = Record<string, Record<string, string>>;

const kept = (): Kept => {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Kept;
  } catch {
    return {}; // whatever somebody else put there
  }
};

const chosen = (params: URLSearchParams, keys: string[]) => Object.fromEntries(keys.flatMap((key) => (params.get(key) ? [[key, params.get(key)!]] : [])));

/** Remembers how an address of a view looks at things. */
export const remember = (view: string, params: URLSearchParams): void => {
  const { tenant } = chosen(params, ["tenant"]);
  if (!tenant) return;
  // days that were chosen once are no habit
  const everywhere = { ...(params.has("from") && kept()["*"]), ...chosen(params, EVERYWHERE) };
  localStorage.setItem(KEY, JSON.stringify({ ...kept(), "*": everywhere, [`/${view}`]: chosen(params, OF_VIEW) }));
};

/** What an address without a word gets. */
export const recalled = (view: string): Record<string, string> => ({ ...kept()["*"], ...recalledOf(view) });

/** The tabs of a view as they were left. */
export const recalledOf = (view: string): Record<string, string> => kept()[`/${view}`] ?? {};

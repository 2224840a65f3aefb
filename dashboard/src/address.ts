// Everything on screen is in the address: the path names the view, the query string says what it shows.
import { useEffect, useState } from "preact/hooks";
import { recalled, recalledOf, remember } from "./memory";

/** What the query string holds; an empty text, an empty list or nothing takes a key away. */
export type Changes = Record<string, string | string[] | undefined>;

export interface Address {
  view: string;
  params: URLSearchParams;
}

// what stays when another view is opened
const KEPT = ["tenant", "period", "from", "to", "compare", "filter", "bots", "asOf"];

/** The token of the share link that this page was opened by; empty for who signed in. */
export const shareLink = location.pathname.match(/^\/share\/([^/]+)/)?.[1] ?? "";

const read = (): Address => {
  const params = new URLSearchParams(location.search);
  return { view: shareLink ? (params.get("view") ?? "") : location.pathname.slice(1), params };
};

const keep = () => {
  if (shareLink) return;
  const { view, params } = read();
  remember(view, params);
};

/** The tenant that a bare address got; it need not be theirs who look now. */
export let recalledTenant = "";

// a bare address is completed once, so that all on screen is in it again
if (!shareLink && !location.search) {
  const params = new URLSearchParams(recalled(read().view));
  recalledTenant = params.get("tenant") ?? "";
  if (recalledTenant) history.replaceState(null, "", `${location.pathname}?${params}`);
}
keep();

const listeners = new Set<() => void>();

/** The address as it is now; a component that asks is drawn again when it changes. */
export const useAddress = (): Address => {
  const [address, set] = useState(read);
  useEffect(() => {
    const listener = () => set(read());
    listeners.add(listener);
    listener(); // it may have changed since this was drawn
    return () => void listeners.delete(listener);
  }, []);
  return address;
};

/** The address of a view, or of this one with changes; `isFresh`: without what this view showed. */
export const hrefOf = (changes: Changes, view = read().view, isFresh = view !== read().view): string => {
  const params = new URLSearchParams([...read().params].filter(([key]) => !isFresh || KEPT.includes(key)));
  if (isFresh && !shareLink) for (const [key, value] of Object.entries(recalledOf(view))) params.set(key, value);
  if (shareLink) changes = { ...changes, view };
  // other rows begin at the first
  if (KEPT.some((key) => key in changes)) params.delete("cursor");
  for (const [key, value] of Object.entries(changes)) {
    params.delete(key);
    for (const one of [value ?? []].flat()) if (one) params.append(key, one);
  }
  const query = params.toString();
  return (shareLink ? `/share/${shareLink}` : `/${view}`) + (query && `?${query}`);
};

/** Goes there, as a step that "back" takes back; `replace`: as a correction of this one. */
export const go = (href: string, { replace = false } = {}): void => {
  const isOtherView = new URL(href, location.href).pathname !== location.pathname;
  history[replace ? "replaceState" : "pushState"](null, "", href);
  if (isOtherView) scrollTo(0, 0);
  keep();
  listeners.forEach((listener) => listener());
};

addEventListener("popstate", () => listeners.forEach((listener) => listener()));

// one listener for all links of our own: they are links, so that they can be opened in another tab
addEventListener("click", (event) => {
  const link = (event.target as Element).closest?.<HTMLAnchorElement>("a[data-own]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(link.getAttribute("href")!);
});

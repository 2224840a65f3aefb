// What keys do, wherever one is on a page and not writing: the letters are those that people know from Plausible.
import { useEffect } from "preact/hooks";
import { go, hrefOf, shareLink } from "./address";
import { PERIODS } from "./periods";
import { VIEWS } from "./views";

/** The views that keys 1 to 9 open, in their order on the page. */
export const numbered = (): [name: string, title: string][] =>
  Object.entries(VIEWS)
    .filter(([, { isInner }]) => !(shareLink && isInner))
    .slice(0, 9)
    .map(([name, { title }]) => [name, title]);

const isWriting = (target: EventTarget | null) => target instanceof Element && target.matches("input, textarea, select, [contenteditable]");
const filterButton = () => document.querySelector<HTMLButtonElement>(".filters > button.quiet");

/** Opens the form for a filter, or goes to the search of the dialog that is open. */
const find = () => {
  const search = document.querySelector<HTMLInputElement>("dialog[open] input[type=search]");
  if (search) return search.focus();
  const button = filterButton();
  if (button?.getAttribute("aria-expanded") === "false") button.click();
  requestAnimationFrame(() => document.querySelector<HTMLElement>(".filters form :is(input, select)")?.focus());
};

/** Closes what is open; dialogs and the calendar close by themselves. Nothing open: all of the site again. */
const escape = (target: EventTarget | null) => {
  const button = filterButton();
  if (button?.getAttribute("aria-expanded") === "true" || document.querySelector(".filters form")) {
    button?.click();
    button?.focus();
  } else if (!isWriting(target) && new URLSearchParams(location.search).has("filter")) go(hrefOf({ filter: undefined }));
};

const toggleComparison = () => {
  const isOff = new URLSearchParams(location.search).get("compare") === "none";
  go(hrefOf({ compare: isOff ? "previous_period" : "none" }));
};

/** Listens to the keys; `help` shows what they do. */
export const useShortcuts = (help: () => void): void =>
  useEffect(() => {
    const heard = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
      const isOver = Boolean(document.querySelector("dialog[open]"));
      if (event.key === "Escape" && !isOver) return escape(event.target);
      if (isWriting(event.target) || (isOver && event.key !== "/")) return;
      const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
      const period = Object.entries(PERIODS).find(([, one]) => one.key === key)?.[0];
      const view = numbered()[Number(key) - 1];
      const isOfDays = document.querySelector(".period") !== null; // some views are about now, or about no time
      // an arrow scrolls what has the focus
      const isArrow = key.startsWith("Arrow") && event.target instanceof Element && event.target.closest(".scroll, .calendar, [role=listbox]");
      const control = isArrow ? null : document.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
      if (key === "?") help();
      else if (key === "/") find();
      else if (key === "X" && isOfDays) toggleComparison();
      else if (period && isOfDays) go(hrefOf({ period, from: undefined, to: undefined }));
      else if (view) go(hrefOf({}, view[0], true));
      else if (control) control.click();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", heard);
    return () => document.removeEventListener("keydown", heard);
  }, []);

// What visitors do on a page: marked elements, links that lead away, downloads, forms.
import type { Footfall } from "./footfall";

const DOWNLOAD = /\.(pdf|zip|gz|7z|rar|dmg|exe|msi|apk|docx?|xlsx?|pptx?|csv|txt|mp[34]|mov|epub|iso)$/i;

/** `data-ff-item-id="7"` is `item_id: "7"`; `data-ff-prop-plan="pro"` is a property. */
const detailsOf = (element: Element): Record<string, unknown> => {
  const details: Record<string, unknown> = {};
  const properties: Record<string, string> = {};
  for (const { name, value } of element.attributes) {
    const [, isProperty, key] = /^data-ff-(?!event$)(prop-)?(.+)/.exec(name) || [];
    if (key) (isProperty ? properties : details)[key.replace(/-/g, "_")] = value;
  }
  return Object.keys(properties).length ? { ...details, properties } : details;
};

export const watchClicks = ({ track }: Footfall): void => {
  const heard = (event: Event) => {
    if ((event as MouseEvent).button > 1) return; // a context menu, not a click
    const isSubmit = event.type == "submit";
    // what was clicked and what it lies in, also inside of web components; scripts dispatch on documents and windows too
    const path = event.composedPath() as Partial<Element>[];
    const nearest = <E extends Element>(selector: string) => path.find((target) => target.matches?.(selector)) as E | undefined;
    // a form's submit does not leave its component
    for (const target of path) if (target instanceof ShadowRoot) target.addEventListener("submit", heard, true);
    const marked = nearest<HTMLElement>("[data-ff-event]");
    // a marked form speaks when it is sent, not when it is clicked
    if (marked && marked.matches("form") == isSubmit) return track(marked.dataset.ffEvent!, detailsOf(marked));
    if (isSubmit) {
      const form = nearest("form");
      return track("engagement", { action: "form_submit", label: form?.getAttribute("name") || form?.getAttribute("id") || "form" });
    }
    const link = nearest<HTMLAnchorElement>("a[href]");
    // links in SVG know no protocol
    if (!link?.protocol?.startsWith("http")) return;
    const action = DOWNLOAD.test(link.pathname) ? "download" : link.host != location.host && "outbound_link";
    if (action) track("engagement", { action, label: link.href.split("#")[0] });
  };
  // in the capture phase: pages that keep clicks from bubbling are heard too
  for (const name of ["click", "auxclick", "submit"]) addEventListener(name, heard, true);
};

/** The element of the snippet. A module has no `currentScript`, and who bundles has another one: the key tells. */
export const elementOf = (): HTMLScriptElement =>
  document.querySelector<HTMLScriptElement>("script[data-key^=ffw]") || (document.currentScript as HTMLScriptElement);

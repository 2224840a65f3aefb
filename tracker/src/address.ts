// Addresses as they may be sent: what looks like an e-mail address or a token stays in the browser.

// values of telling keys; user:password@ and e-mail addresses; runs of 20 and more letters and digits
const PRIVATE =
  /([?&#][^=&]*(token|pass|secret|mail|api.?key)[^=&]*=)[^&#]*|[^/?&=#]+(@|%40)[^/?&=#]*|\b(?=[a-z]*\d)\w{20,}/gi;

declare const WHOLE: boolean; // see tracker.ts

/** An address without what looks personal, and without the part after `#` unless that tells pages apart. */
export const scrub = (address: string, hash?: unknown): string =>
  (WHOLE && hash ? address : address.split("#")[0]).replace(PRIVATE, "$1removed");

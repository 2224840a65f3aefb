// `/footfall-more.js`, loaded by `/footfall.js` when the page is there.
import type { Footfall } from "./footfall";
import { watchMore } from "./more";

const { vitals, hash } = document.currentScript!.dataset;
watchMore((window as unknown as { footfall: Footfall }).footfall, { vitals, hash: hash != null });

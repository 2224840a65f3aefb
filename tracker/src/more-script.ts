// `/footfall-more.js`, loaded by `/footfall.js` when the page is there.
import type { Footfall } from "./footfall";
import { watchMore } from "./more";

watchMore((window as unknown as { footfall: Footfall }).footfall);

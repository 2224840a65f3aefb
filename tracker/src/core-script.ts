// `/footfall-core.js`: page views, custom events and retries, and nothing else.
import type { Options } from "./events";
import { createTracker, type Core } from "./tracker";

const { dataset, src } = document.currentScript as HTMLScriptElement;
const footfall = createTracker({ host: new URL(src).origin, ...dataset } as unknown as Options);
(window as { footfall?: Core }).footfall = footfall;
footfall.page();

// Whatever a page hands over, as JSON that the server takes. Pages hold BigInts, DOM nodes, rings, getters that throw, megabytes; and they
// patch prototypes. JSON.stringify asks toJSON of whoever added one, and gives up the whole for a part.
const MOST_BYTES = 32e3; // see text.ts
const DEEPEST = 8;

const { stringify } = JSON;

/** JSON text of an event, cut where it is too large; what cannot be said is left out. */
export const encode = (event: object): string => {
  let room: number;
  // what PostgreSQL cannot store, NUL and halves of a pair, is not worth losing the event
  const quote = (text: string) => stringify(text.replace(/[\0\ud800-\udfff]/gu, "?"));
  const say = (value: any, within: unknown[]): string | undefined => {
    try {
      // one value has at most half of the room that is left, so that others have some too
      const least = within[0] ? room / 2 : 0;
      if (Object(value) === value && typeof value != "function") {
        const isList = Array.isArray(value);
        if (within[0] && !isList && value.toJSON != ({} as { toJSON?: unknown }).toJSON) return say(value.toJSON(), [...within, value]);
        const isPlain = !within[0] || !(value.nodeType || value.window);
        if (isPlain && within.length < DEEPEST && !within.includes(value)) {
          const parts: string[] = [];
          for (const name of Object.keys(isList ? value.slice(0, 4e3) : value)) {
            // an event's own numbers are those of a text or a list that was handed over as details, and would come before its id
            if (!within[0] && /^\d/.test(name)) continue;
            if (room < least) break;
            room -= 9;
            const part = say(value[name], [...within, value]);
            if (part) parts.push(isList ? part : quote(name.slice(0, 99)) + ":" + part);
          }
          return isList ? `[${parts}]` : `{${parts}}`;
        }
      }
      if (value === null || /^(boo|num)/.test(typeof value)) return stringify(value);
      if (/^[fu]/.test(typeof value)) return;
      const text = String(value).slice(0, least);
      room -= text.length;
      return quote(text);
    } catch {
      // a getter that throws, say: what it would have given is left out
    }
  };
  for (let most = MOST_BYTES; ; most /= 2) {
    room = most;
    const text = say({ ...event }, [])!;
    if (new Blob([text]).size <= MOST_BYTES) return text;
  }
};

// What people type as a value, and which value they mean by it.
import { named } from "./format";

const isPage = (dimension: string) => dimension === "page" || dimension.endsWith("_page");

/** A value as it is offered and typed: by its name, but pages by their whole address, as two hosts may have the same path. */
export const offered = (dimension: string, value: string): string => (isPage(dimension) ? value : named(dimension, value));

let countries: Map<string, string> | undefined;

/** The code of a country by its English name, whether anybody came from there or not. */
const codeOfCountry = (name: string): string | undefined => {
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  countries ??= new Map(
    letters
      .flatMap((first) => letters.map((second) => first + second))
      .filter((code) => new Intl.Locale("und", { region: code }).region === code) // DD was Germany, too
      .map((code) => [named("country", code).toLowerCase(), code]),
  );
  return countries.get(name);
};

/** The value that is meant by what was typed: one of the known ones by its code or its name; nothing for what there is not. */
export const meant = (dimension: string, typed: string, known: string[]): string | undefined => {
  const text = typed.toLowerCase();
  const found = known.find((value) => value.toLowerCase() === text) ?? known.find((value) => named(dimension, value).toLowerCase() === text);
  if (found !== undefined) return isPage(dimension) && typed.startsWith("/") ? named(dimension, found) : found; // a path, on any host
  return dimension === "country" ? codeOfCountry(text) : undefined;
};

/** Whether some value has this in it. */
export const occurs = (typed: string, known: string[]): boolean => known.some((value) => value.toLowerCase().includes(typed.toLowerCase()));

const MOST = 3;

/** The known values that come nearest to what was typed, the nearest first. */
export const nearest = (dimension: string, typed: string, known: string[]): string[] =>
  known
    .map((value) => ({ value, away: Math.min(away(typed, value), away(typed, named(dimension, value))) }))
    .filter(({ away }) => away <= Math.ceil(typed.length / 3))
    .sort((one, other) => one.away - other.away)
    .slice(0, MOST)
    .map(({ value }) => value);

/** How many letters are to be changed, added or taken away; what is only longer is near. */
const away = (typed: string, value: string): number => {
  const [one, other] = [typed.toLowerCase(), value.toLowerCase()];
  if (one.length > 2 && other.includes(one)) return 0.5;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (let place = 1; place <= other.length; place++) next.push(Math.min(row[place]! + 1, next[place - 1]! + 1, row[place - 1]! + Number(other[place - 1] !== letter)));
    row = next;
  }
  return row.at(-1)!;
};

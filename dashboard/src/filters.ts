// The filter language of reports (docs/ask/reports.md), as far as pages put conditions together and take them apart.

/** Holds when one of the values does; an empty one stands for "not known". */
export interface Condition {
  dimension: string;
  operator: string;
  values: string[];
}

export const OPERATORS: Record<string, string> = { "==": "is", "!=": "is not", "=~": "contains", "!~": "does not contain" };

const escaped = (value: string) => value.replace(/[;,|\\]/g, "\\$&");
const plain = (value: string) => value.replace(/\\(.)/g, "$1");

/** The parts between a sign that no backslash takes the meaning from. */
const parts = (text: string, sign: string): string[] => text.match(new RegExp(`(?<=^|[${sign}])(?:\\\\.|[^${sign}\\\\])*`, "g")) ?? [];

/** That a dimension has this value; null: that it is not known. */
export const is = (dimension: string, value: string | null): Condition => ({ dimension, operator: "==", values: [value ?? ""] });

export const textOf = ({ dimension, operator, values }: Condition): string =>
  // a goal stands for a filter of its own: several are alternatives
  dimension === "goal" ? values.map((value) => `goal==${escaped(value)}`).join(",") : `${dimension}${operator}${values.map(escaped).join("|")}`;

/** Conditions that all have to hold. */
export const split = (filter: string): string[] => parts(filter, ";").filter(Boolean);

/** One condition; nothing for alternatives about different things. */
export const parse = (condition: string): Condition | undefined => {
  const [first, ...others] = parts(condition, ",").map((alternative): Condition | undefined => {
    const match = alternative.match(/^\s*(property:[^=!~]+|[a-z_]+)(==|!=|=~|!~)(.*)$/s);
    return match ? { dimension: match[1]!, operator: match[2]!, values: parts(match[3]!, "|").map(plain) } : undefined;
  });
  if (!first || !others.every((other) => other?.dimension === first.dimension && other.operator === first.operator && !first.operator.startsWith("!"))) return undefined;
  return { ...first, values: [first, ...others].flatMap((one) => one!.values) };
};

/** A filter with one more condition; another "is" of the same dimension gives way: a click on a value asks for this one. */
export const joined = (filter: string, condition: Condition): string => {
  const rest = split(filter).filter((other) => {
    const known = parse(other);
    return condition.operator !== "==" || !known || known.dimension !== condition.dimension || known.operator !== "==";
  });
  return [...new Set([...rest, textOf(condition)])].join(";");
};

/** A filter with another condition in place of one; without it when there is none. */
export const replaced = (filter: string, former: string, condition?: Condition): string => [...new Set(split(filter).flatMap((one) => (one !== former ? one : condition ? textOf(condition) : [])))].join(";");

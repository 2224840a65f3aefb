// The filter language of reports (docs/reports.md), as far as pages put conditions together and take them apart.

export interface Condition {
  dimension: string;
  operator: string;
  value: string;
}

export const OPERATORS: Record<string, string> = { "==": "is", "!=": "is not", "=~": "contains", "!~": "contains not" };

const escaped = (value: string) => value.replace(/[;,|\\]/g, "\\$&");
const plain = (value: string) => value.replace(/\\(.)/g, "$1");

export const textOf = ({ dimension, operator, value }: Condition): string => `${dimension}${operator}${escaped(value)}`;

/** Conditions that all have to hold; `|` between values stays as it is written. */
export const split = (filter: string): string[] => filter.match(/(?:\\.|[^;\\])+/g) ?? [];

/** One simple condition; nothing for what has alternatives. */
export const parse = (condition: string): Condition | undefined => {
  const match = condition.match(/^\s*(property:[^=!~]+|[a-z_]+)(==|!=|=~|!~)((?:\\.|[^,\\])*)$/);
  return match ? { dimension: match[1]!, operator: match[2]!, value: plain(match[3]!) } : undefined;
};

/** A filter with one more condition; another "is" of the same dimension gives way: nothing is two things. */
export const joined = (filter: string, condition: Condition): string => {
  const rest = split(filter).filter((other) => {
    const known = parse(other);
    return condition.operator !== "==" || !known || known.dimension !== condition.dimension || known.operator !== "==";
  });
  return [...new Set([...rest, textOf(condition)])].join(";");
};

export const without = (filter: string, condition: string): string => split(filter).filter((other) => other !== condition).join(";");

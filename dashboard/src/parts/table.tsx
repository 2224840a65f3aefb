// A table: of what, by what, with a bar behind the name where one figure is compared with others.
import type { ComponentChildren } from "preact";
import { Nothing } from "./notices";

export interface Column<Row> {
  label: string;
  value: (row: Row) => ComponentChildren;
  isNumber?: boolean;
  /** The address that sorts by this column, and whether it is sorted by it. */
  sort?: { href: string; state?: "ascending" | "descending" };
}

interface Props<Row> {
  caption: string;
  columns: Column<Row>[];
  rows: Row[];
  /** How long the bar of a row is, from 0 to 1. */
  share?: (row: Row) => number;
  keyOf?: (row: Row) => string | number;
  empty?: ComponentChildren;
}

export const Table = <Row,>({ caption, columns, rows, share, keyOf, empty }: Props<Row>) => {
  if (!rows.length) return <Nothing>{empty ?? "Nothing in these days."}</Nothing>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ label, isNumber, sort }) => (
              <th key={label} scope="col" class={isNumber ? "number" : undefined} aria-sort={sort?.state}>
                {sort ? (
                  <a data-own href={sort.href}>
                    {label}
                    {sort.state === "descending" ? " ↓" : sort.state === "ascending" ? " ↑" : ""}
                  </a>
                ) : (
                  label || <span class="unseen">Change</span>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={keyOf?.(row) ?? index}>
              {columns.map(({ label, value, isNumber }, place) =>
                place === 0 ? (
                  <th key={label} scope="row" class={share ? "barred" : undefined}>
                    {share && <span class="bar" style={{ width: `${Math.max(0.5, 100 * share(row))}%` }} />}
                    <span class="name">{value(row)}</span>
                  </th>
                ) : (
                  <td key={label} class={isNumber ? "number" : undefined}>
                    {value(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};

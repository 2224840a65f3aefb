// A table: of what, by what, with a bar behind the name where one figure is compared with others.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
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

const PHONE = 480; // pixels

/** The place of a table: its rows are cards on a phone, and wherever its columns do not fit beside each other: no figure is ever cut. */
export const Fitting = ({ children }: { children: ComponentChildren }) => {
  const place = useRef<HTMLDivElement>(null);
  const fit = () => {
    const element = place.current!;
    element.classList.remove("as-cards");
    element.classList.toggle("as-cards", innerWidth <= PHONE || element.scrollWidth > element.clientWidth);
  };
  useLayoutEffect(fit);
  useLayoutEffect(() => {
    let width = 0; // cards are higher than rows: only another width is news
    const observer = new ResizeObserver(([entry]) => {
      // fitted in the next frame: a size that changes while sizes are told is a fault to browsers
      if (entry!.contentRect.width !== width) requestAnimationFrame(() => place.current && fit());
      width = entry!.contentRect.width;
    });
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={place} class="fitting">
      {children}
    </div>
  );
};

// cards are no table to a browser any more: the roles say that they are one
export const Table = <Row,>({ caption, columns, rows, share, keyOf, empty }: Props<Row>) => {
  if (!rows.length) return <Nothing>{empty ?? "Nothing in these days."}</Nothing>;
  return (
    <Fitting>
      <table role="table">
        <caption class="unseen">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ label, isNumber, sort }) => (
              <th key={label} role="columnheader" scope="col" class={isNumber ? "number" : undefined} aria-sort={sort?.state}>
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
        <tbody role="rowgroup">
          {rows.map((row, index) => (
            <tr key={keyOf?.(row) ?? index} role="row">
              {columns.map(({ label, value, isNumber }, place) =>
                place === 0 ? (
                  <th key={label} role="rowheader" scope="row" class={share ? "barred" : undefined}>
                    {share && <span class="bar" style={{ width: `${Math.max(0.5, 100 * share(row))}%` }} />}
                    <span class="name">{value(row)}</span>
                  </th>
                ) : (
                  <td key={label} role="cell" class={isNumber ? "number" : undefined} data-label={label}>
                    {value(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </Fitting>
  );
};

// Paths: what visits did next, or before, as a Sankey diagram; the same as a table.
import { sankey, sankeyLinkHorizontal, type SankeyLink, type SankeyNode } from "d3-sankey";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { go, hrefOf } from "../address";
import { thingOf, whyHref } from "../figures";
import { is, textOf } from "../filters";
import { count } from "../format";
import { Bar } from "../parts/bar";
import { AddCondition } from "../parts/condition";
import { Loading, Nothing, Problem } from "../parts/notices";
import { Proof } from "../parts/proof";
import { Short } from "../parts/short";
import { Table } from "../parts/table";
import { useAnswers } from "../questions";
import { useSite } from "../site";
import { said } from "../words";

interface Taken {
  level: number;
  source: string;
  target: string;
}
interface Link extends Taken {
  visits: number;
}
interface Thing {
  id: string;
  name: string;
  level: number;
}
type Node = SankeyNode<Thing, object>;
type Flow = SankeyLink<Thing, object>;

const MOST_THINGS = 6; // at each step; the others are (other)
const ROW = 30;
const LEAST_COLUMN = 150;

export const Paths = () => {
  const { tenant, about, params, seesVisitors } = useSite();
  const isTable = params.get("as") === "table";
  const start = params.get("start") ?? "";
  const direction = params.get("direction") ?? "next";
  const of = params.get("things") ?? "pages";
  const depth = Number(params.get("depth") ?? 3);
  const { answers, error, isLoading, again } = useAnswers(tenant.tenant, [{ report: "paths", ...about, start, direction, of, depth, limit: MOST_THINGS }]);
  const proofOf = ({ level, source, target }: Taken) => whyHref("paths", { start, direction, of, top: String(MOST_THINGS), level: String(level), source, target });
  const answer = answers[0];
  return (
    <>
      <Bar />
      <Problem error={error} again={again} />
      <section class="panel wide" aria-busy={isLoading}>
        <header>
          <h2>
            {direction === "next" ? "What visits did next" : "What visits did before"}
            {answer && <small> {count(answer.visits)} visits</small>}
          </h2>
          <div class="choices">
            <label>
              Direction{" "}
              <select value={direction} onChange={(event) => go(hrefOf({ direction: event.currentTarget.value }))}>
                <option value="next">forward</option>
                <option value="previous">back</option>
              </select>
            </label>
            <label>
              Show{" "}
              <select value={of} onChange={(event) => go(hrefOf({ things: event.currentTarget.value }))}>
                <option value="pages">pages</option>
                <option value="events">events</option>
              </select>
            </label>
            <label>
              Steps{" "}
              <select value={String(depth)} onChange={(event) => go(hrefOf({ depth: event.currentTarget.value }))}>
                {[1, 2, 3, 4, 5].map((number) => (
                  <option key={number}>{number}</option>
                ))}
              </select>
            </label>
            <button class="quiet" aria-pressed={isTable} onClick={() => go(hrefOf({ as: isTable ? undefined : "table" }), { replace: true })}>
              {isTable ? "Show as diagram" : "Show as table"}
            </button>
          </div>
        </header>
        <div class="tools">
          <span>
            {direction === "next" ? "Starting at" : "Ending at"}: <b>{start ? said(start) : direction === "next" ? "the first of the visit" : "the last of the visit"}</b>
          </span>
          {start && (
            <a data-own href={hrefOf({ start: undefined })}>
              {direction === "next" ? "start anywhere" : "end anywhere"}
            </a>
          )}
          <AddCondition opens="Change" label="Choose" start={{ dimension: "page", operator: "==", values: [] }} done={(condition) => go(hrefOf({ start: textOf(condition) }))} />
        </div>
        {!answer ? (
          !error && <Loading lines={10} />
        ) : !answer.links.length ? (
          <Nothing>No such visits in these days.</Nothing>
        ) : isTable ? (
          <Table
            caption="Steps of visits"
            rows={answer.links as Link[]}
            columns={[
              { label: "Step", value: ({ level }) => String(level + 1) },
              { label: "From", value: ({ source }) => <Short title={source}>{thingOf(source, of)}</Short> },
              { label: "To", value: ({ target }) => <Short title={target}>{thingOf(target, of)}</Short> },
              { label: "Visits", isNumber: true, value: (link) => <Proof href={proofOf(link)} of={`visits from ${thingOf(link.source, of)} to ${thingOf(link.target, of)}`}>{count(link.visits)}</Proof> },
            ]}
          />
        ) : (
          <Diagram links={answer.links} of={of} isBackward={direction === "previous"} proofOf={seesVisitors ? proofOf : undefined} />
        )}
      </section>
    </>
  );
};

interface DiagramProps {
  links: Link[];
  of: string;
  isBackward: boolean;
  /** Where the events behind a link are; nothing for who may not see them. */
  proofOf?: (taken: Taken) => string;
}

const Diagram = ({ links: all, of, isBackward, proofOf }: DiagramProps) => {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    // drawn in the next frame: a size that changes while sizes are told is a fault to browsers
    const observer = new ResizeObserver(([entry]) => requestAnimationFrame(() => setWidth(entry!.contentRect.width)));
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, []);
  const room = Math.max(2, Math.floor(width / LEAST_COLUMN));
  const links = all.filter(({ level }) => level + 2 <= room);
  const levels = 2 + Math.max(...links.map(({ level }) => level));
  const idOf = (level: number, name: string) => `${level} ${name}`;
  const things = new Map<string, Thing>();
  for (const { level, source, target } of links)
    for (const [at, name] of [
      [level, source],
      [level + 1, target],
    ] as const)
      things.set(idOf(at, name), { id: idOf(at, name), name, level: at });
  const most = Math.max(...Array.from({ length: levels }, (_, at) => [...things.values()].filter(({ level }) => level === at).length));
  const height = Math.max(220, most * ROW * 1.6);
  const graph =
    width > 0
      ? sankey<Thing, object>()
          .nodeId(({ id }) => id)
          .nodeAlign((node) => (node as Node & Thing).level)
          .nodeWidth(10)
          .nodePadding(14)
          .nodeSort((one, other) => Number(one.name.startsWith("(")) - Number(other.name.startsWith("(")) || (other.value ?? 0) - (one.value ?? 0))
          .extent([
            [1, 8],
            [width - 1, height - 8],
          ])({ nodes: [...things.values()].map((thing) => ({ ...thing })), links: links.map(({ level, source, target, visits }) => ({ source: idOf(level, source), target: idOf(level + 1, target), value: visits })) })
      : undefined;
  const path = sankeyLinkHorizontal<Thing, object>();
  const startFrom = (node: Thing) => hrefOf({ start: textOf(of === "pages" ? is("page", node.name) : is("event_type", node.name.split(":")[0]!)) });
  return (
    <div ref={place}>
      {width > 0 && links.length < all.length && <p class="meaning">There is room for the first steps only. The table has them all.</p>}
      {graph && (
        <svg class="sankey" width={width} height={height} role="group" aria-label={`Paths of visits over ${levels} steps`}>
          {graph.links.map((flow) => {
            const [from, to] = [flow.source as Node, flow.target as Node];
            const drawn = (
              <path class={to.name === "(exit)" || to.name === "(entry)" ? "gone" : ""} d={path(flow as Flow) ?? ""} stroke-width={Math.max(1, flow.width ?? 0)}>
                <title>
                  {thingOf(from.name, of)} → {thingOf(to.name, of)}: {count(flow.value)}
                </title>
              </path>
            );
            // with the keyboard the table is shorter: it has the same links
            return proofOf ? (
              <a key={`${from.id} ${to.id}`} data-own tabIndex={-1} href={proofOf({ level: from.level, source: from.name, target: to.name })}>
                {drawn}
              </a>
            ) : (
              <g key={`${from.id} ${to.id}`}>{drawn}</g>
            );
          })}
          {graph.nodes.map((node) => {
            const isLast = node.level === levels - 1;
            const label = (
              <text x={isLast ? node.x0! - 6 : node.x1! + 6} y={(node.y0! + node.y1!) / 2} dy="0.35em" text-anchor={isLast ? "end" : "start"}>
                {shortened(thingOf(node.name, of), Math.floor((width / levels - 40) / 8.5))} <tspan>{count(node.value ?? 0)}</tspan>
              </text>
            );
            return (
              <g key={node.id}>
                <rect class={node.name.startsWith("(") ? "gone" : ""} x={node.x0} y={node.y0} width={node.x1! - node.x0!} height={Math.max(1, node.y1! - node.y0!)} rx={2}>
                  <title>{node.name}</title>
                </rect>
                {node.name.startsWith("(") || isBackward ? (
                  label
                ) : (
                  <a data-own href={startFrom(node)}>
                    {label}
                  </a>
                )}
              </g>
            );
          })}
        </svg>
      )}
    </div>
  );
};

/** A name in the middle of a diagram; its end tells more than its beginning. */
const shortened = (name: string, most: number): string => {
  const begin = Math.floor(Math.max(7, most) / 3);
  return name.length > most ? `${name.slice(0, begin)}…${name.slice(1 + begin - Math.max(7, most))}` : name;
};

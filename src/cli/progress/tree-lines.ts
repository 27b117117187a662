import type { Style } from "../style.ts";
import type { BuildNode } from "./build-graph.ts";
import type { FactRow, Facts } from "./fact-lines.ts";
import { sharesOf } from "./fetch.ts";
import type { Progress } from "./progress.ts";
import type { TreeRow } from "./tree.ts";
import { formatElapsed, formatPercent, shortName, tame } from "./words.ts";

export interface FactOptions {
  readonly nowMs: number;
  readonly columns: number;
  readonly style: Style;
  /** A builder's name, or a cache's, where there is little room. */
  readonly labelOf: (name: string) => string;
}

/** What is said of the rows of the tree: the way, who has it, what happens to it, since when. */
export function treeFacts(progress: Progress, rows: readonly TreeRow[], options: FactOptions): FactRow[] {
  return rows.map(({ prefix, chain, node, isActive }) => ({
    prefix,
    way: chain.map(({ drvPath }) => shortName(drvPath)),
    name: shortName(node.drvPath),
    ...(isActive && { facts: factsOf(progress, node, options) }),
  }));
}

function factsOf(progress: Progress, node: BuildNode, options: FactOptions): Facts {
  const { style, labelOf } = options;
  return {
    where: labelOf(node.builder),
    what: happening(progress, node),
    time: timeOf(node, options),
    paint: node.stage === "building" ? style.good : style.warn,
  };
}

function happening(progress: Progress, node: BuildNode): string {
  switch (node.stage) {
    case "building":
      return node.phase ? tame(node.phase, { colours: false }) : "building";
    case "fetching":
      return `fetching${formatPercent(sharesOf(fetchesFor(progress, node)))}`;
    default:
      return sending(progress, node);
  }
}

function fetchesFor({ fetches }: Progress, { drvPath }: BuildNode) {
  return fetches.values().filter((fetch) => fetch.drvPath === drvPath);
}

/** A builder that takes of its caches first what it is to be sent is not sent it. */
function sending({ transfers, fetches }: Progress, { builder }: BuildNode): string {
  const sent = sharesOf(transfers.values().filter(({ to }) => to === builder));
  if (sent.bytes > 0) return `sending${formatPercent(sent)}`;
  const fetched = sharesOf(fetches.values().filter(({ to }) => to === builder));
  return fetched.count > 0 ? `fetching${formatPercent(fetched)}` : "sending";
}

/** `12 s`, and where it is known what it will take, and there is room: `12 s of 20 s`. */
function timeOf({ sinceMs, stage, estimateMs }: BuildNode, { nowMs, columns }: FactOptions): string {
  const elapsed = formatElapsed(nowMs - sinceMs);
  if (stage !== "building" || estimateMs === undefined || columns < ESTIMATE_COLUMNS) return elapsed;
  return `${elapsed} of ~${formatElapsed(estimateMs)}`;
}

/** From what width on there is room for an estimate. */
const ESTIMATE_COLUMNS = 100;

import type { BuildGraph, BuildNode } from "./build-graph.ts";

/** A row of the tree: a build that is under way, or one that several of those under way are needed for. */
export interface TreeRow {
  /** The lines that lead to it: `│ ├ `. */
  readonly prefix: string;
  /** From what was asked for, or from the row above, down to it; each is needed for the one before. */
  readonly chain: readonly BuildNode[];
  readonly node: BuildNode;
  readonly isActive: boolean;
}

/** The ways from what was asked for down to what is under way, in at most `rowsMax` rows, and how many builds had no room. */
export function treeRows(graph: BuildGraph, rowsMax: number): { rows: TreeRow[]; hidden: number } {
  if (rowsMax < 1) return { rows: [], hidden: graph.active.size };
  for (let wanted = rowsMax; ; ) {
    const shown = pick(graph.active, wanted);
    const rows = rowsTo(shown);
    if (rows.length <= rowsMax || wanted === 1)
      return { rows: rows.slice(0, rowsMax), hidden: graph.active.size - shown.size };
    wanted = Math.max(1, wanted - Math.ceil((rows.length - rowsMax) / 2));
  }
}

/** What is being built before what is being sent, and that before what is fetched for; of each, what has taken longest. */
function pick(active: ReadonlySet<BuildNode>, wanted: number): Set<BuildNode> {
  if (active.size <= wanted) return new Set(active);
  const picked = new Set<BuildNode>();
  for (const stage of ["building", "sending", "fetching"])
    for (const node of active) {
      if (picked.size === wanted) return picked;
      if (node.stage === stage) picked.add(node);
    }
  return picked;
}

function rowsTo(shown: ReadonlySet<BuildNode>): TreeRow[] {
  const below = new Map<BuildNode, BuildNode[]>();
  const tops = new Set<BuildNode>();
  for (const node of shown) {
    let child = node;
    for (let parent = child.parent; ; parent = child.parent) {
      if (!parent) {
        tops.add(child);
        break;
      }
      const siblings = below.get(parent);
      if (siblings) {
        if (!siblings.includes(child)) siblings.push(child);
        break;
      }
      below.set(parent, [child]);
      child = parent;
    }
  }
  const rows: TreeRow[] = [];
  for (const top of tops) addRows(top, { rows, below, shown, own: "", inner: "" });
  return rows;
}

interface Drawing {
  readonly rows: TreeRow[];
  readonly below: ReadonlyMap<BuildNode, readonly BuildNode[]>;
  readonly shown: ReadonlySet<BuildNode>;
  /** What leads to the row itself, and to the rows below it. */
  readonly own: string;
  readonly inner: string;
}

/** A way without forks is one row, however long. */
function addRows(top: BuildNode, { rows, below, shown, own, inner }: Drawing): void {
  const chain: BuildNode[] = [];
  let node = top;
  let children = below.get(node) ?? [];
  while (children.length === 1 && !shown.has(node)) {
    chain.push(node);
    node = children[0]!;
    children = below.get(node) ?? [];
  }
  rows.push({ prefix: own, chain, node, isActive: shown.has(node) });
  for (const [place, child] of children.entries()) {
    const isLast = place === children.length - 1;
    const lead = { own: inner + (isLast ? "└ " : "├ "), inner: inner + (isLast ? "  " : "│ ") };
    addRows(child, { rows, below, shown, ...lead });
  }
}

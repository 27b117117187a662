import type { PlatformGraph } from "./platform-graph.ts";

/** How far a fault goes. */
export interface SpreadFound {
  /** Of the nodes asked about, those that need no other of them. */
  readonly first: ReadonlySet<number>;
  /** Nodes that need one of them, and they themselves. */
  readonly spoiled: number;
}

/** Follows faults from where they come in to all that needs them. */
export class Spread {
  readonly #graph: PlatformGraph;
  readonly #rank: Int32Array;

  constructor(graph: PlatformGraph) {
    this.#graph = graph;
    this.#rank = new Int32Array(graph.size).fill(graph.size);
    graph.topologicalOrder().forEach((id, rank) => {
      this.#rank[id] = rank;
    });
  }

  of(nodes: ReadonlySet<number>): SpreadFound {
    const reached = new Set(nodes);
    for (const id of reached) for (const dependant of this.#graph.dependantsOf(id)) reached.add(dependant);
    // Inputs come before what needs them, so each is settled when it is looked at.
    const ordered = [...reached].sort((a, b) => this.#rank[a]! - this.#rank[b]!);
    const behind = new Set<number>();
    const first = new Set<number>();
    for (const id of ordered) {
      if (nodes.has(id) && !behind.has(id)) first.add(id);
      for (const dependant of this.#graph.dependantsOf(id)) behind.add(dependant);
    }
    return { first, spoiled: reached.size };
  }
}

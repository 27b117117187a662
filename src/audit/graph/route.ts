import type { PlatformGraph } from "./platform-graph.ts";

/** Shortest ways from the roots of a graph to each of its nodes. */
export class Routes {
  /** The node before each on the way from a root; -1 for a root, -2 for what no root reaches. */
  readonly #before: Int32Array;
  readonly #depth: Int32Array;

  constructor(graph: PlatformGraph, roots: readonly number[]) {
    this.#before = new Int32Array(graph.size).fill(UNREACHED);
    this.#depth = new Int32Array(graph.size).fill(-1);
    const queue = [...new Set(roots)];
    for (const root of queue) this.#reach(root, ROOT, 0);
    for (let next = 0; next < queue.length; next++) {
      const id = queue[next]!;
      graph.eachInput(id, (input) => {
        if (this.#before[input] !== UNREACHED) return;
        this.#reach(input, id, this.#depth[id]! + 1);
        queue.push(input);
      });
    }
  }

  /** From a root to `id`, both included; `id` alone where no root reaches it. */
  to(id: number): number[] {
    const way = [id];
    for (let at = this.#before[id]!; at >= 0; at = this.#before[at]!) way.push(at);
    return way.reverse();
  }

  /** Edges from a root; -1 where none reaches it. */
  depthOf(id: number): number {
    return this.#depth[id]!;
  }

  #reach(id: number, before: number, depth: number): void {
    this.#before[id] = before;
    this.#depth[id] = depth;
  }
}

const ROOT = -1;
const UNREACHED = -2;

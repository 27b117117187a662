import { parseStorePath, type StorePath } from "#nix/store-path.ts";
import type { StoreContext } from "../context.ts";

/** What keeps derivations and outputs beyond references. */
export interface LivenessOptions {
  readonly keepOutputs: boolean;
  readonly keepDerivations: boolean;
}

/** All valid paths at one moment, and which of them keep which. What is alive only grows. */
export class Liveness {
  readonly #nodes = new Map<StorePath, Node>();
  readonly #live = new Set<Node>();

  constructor(store: StoreContext, options: LivenessOptions) {
    store.db.snapshot(() => this.#load(store, options));
  }

  /** Makes a path and all that it keeps live. A path that is not known keeps nothing. */
  keep(path: StorePath): void {
    const start = this.#nodes.get(path);
    if (!start || this.#live.has(start)) return;
    this.#live.add(start);
    const waiting = [start];
    for (let node = waiting.pop(); node; node = waiting.pop())
      for (const kept of node.keeps) {
        if (this.#live.has(kept)) continue;
        this.#live.add(kept);
        waiting.push(kept);
      }
  }

  isLive(path: StorePath): boolean {
    const node = this.#nodes.get(path);
    return node !== undefined && this.#live.has(node);
  }

  live(): StorePath[] {
    return Array.from(this.#live, ({ path }) => path).sort();
  }

  /** Those that are not live, referrers before what they refer to: in this order they can be deleted. */
  dead(): StorePath[] {
    const dead = new Set([...this.#nodes.values()].filter((node) => !this.#live.has(node)));
    const referrers = new Map<Node, number>();
    for (const node of dead)
      for (const reference of node.references)
        if (dead.has(reference)) referrers.set(reference, (referrers.get(reference) ?? 0) + 1);
    const ready = [...dead].filter((node) => !referrers.has(node));
    const order: StorePath[] = [];
    for (let node = ready.pop(); node; node = ready.pop()) {
      order.push(node.path);
      for (const reference of node.references) {
        const left = (referrers.get(reference) ?? 0) - 1;
        referrers.set(reference, left);
        if (left === 0) ready.push(reference);
      }
    }
    return order;
  }

  /** `paths` with everything that refers to one of them. */
  referrersOf(paths: Iterable<StorePath>): Set<StorePath> {
    const referrers = new Map<Node, Node[]>();
    for (const node of this.#nodes.values())
      for (const reference of node.references) {
        const known = referrers.get(reference);
        if (known) known.push(node);
        else referrers.set(reference, [node]);
      }
    const found = new Set<StorePath>();
    const waiting = Array.from(paths, (path) => this.#nodes.get(path)).filter((node) => node !== undefined);
    for (let node = waiting.pop(); node; node = waiting.pop()) {
      if (found.has(node.path)) continue;
      found.add(node.path);
      waiting.push(...(referrers.get(node) ?? []));
    }
    return found;
  }

  #load({ db, layout }: StoreContext, { keepOutputs, keepDerivations }: LivenessOptions): void {
    const byId = new Map<number, Node>();
    const derivers: [output: Node, deriver: string][] = [];
    for (const [id, path, deriver] of db.rows("select id, path, deriver from ValidPaths")) {
      const node: Node = { path: parseStorePath(layout.storeDir, path as string), references: [], keeps: [] };
      byId.set(id as number, node);
      this.#nodes.set(node.path, node);
      if (deriver) derivers.push([node, deriver as string]);
    }
    for (const [referrer, reference] of db.rows(
      "select referrer, reference from Refs where referrer <> reference",
    )) {
      const node = byId.get(referrer as number)!;
      node.references.push(byId.get(reference as number)!);
    }
    for (const node of byId.values()) node.keeps.push(...node.references);
    for (const [output, deriver] of derivers) {
      const drv = this.#nodes.get(parseStorePath(layout.storeDir, deriver));
      if (drv && keepDerivations) output.keeps.push(drv);
      if (drv && keepOutputs) drv.keeps.push(output);
    }
    if (!keepOutputs) return;
    for (const [drv, path] of db.rows("select drv, path from DerivationOutputs")) {
      const output = this.#nodes.get(parseStorePath(layout.storeDir, path as string));
      if (output) byId.get(drv as number)!.keeps.push(output);
    }
  }
}

interface Node {
  readonly path: StorePath;
  /** Without itself. */
  readonly references: Node[];
  readonly keeps: Node[];
}

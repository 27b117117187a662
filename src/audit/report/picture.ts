import type { AuditReport, Finding, Step } from "./report.ts";

/** What a picture of a report shows: the ways by which things came in, and everything that takes them. */
export interface Picture {
  readonly nodes: readonly PictureNode[];
  readonly edges: readonly PictureEdge[];
  /** Places that were left out, since nobody could read more. */
  readonly leftOut: number;
}

export interface PictureNode extends Step {
  /** 0 for a root; each is to the right of all that lead to it. */
  readonly column: number;
}

export interface PictureEdge {
  /** Indices of nodes. */
  readonly from: number;
  readonly to: number;
  /** It leads from one platform to another, and should not. */
  readonly isFault: boolean;
}

export function pictureOf({ findings }: AuditReport): Picture {
  const open = findings.filter(({ waived }) => waived === undefined);
  const drawing = new Drawing();
  for (const finding of open.slice(0, FINDINGS_MAX)) drawing.add(finding);
  const leftOut =
    drawing.leftOut + open.slice(FINDINGS_MAX).reduce((sum, one) => sum + Math.max(1, one.edges.length), 0);
  return { ...drawing.finish(), leftOut };
}

class Drawing {
  readonly #steps: Step[] = [];
  readonly #ids = new Map<string, number>();
  readonly #edges = new Map<string, PictureEdge>();
  leftOut = 0;

  add({ route, edges }: Finding): void {
    const ids = route.map((step) => this.#node(step));
    // The last step of a route is what came in, where something did.
    const faultAt = edges.length > 0 ? ids.length - 2 : -1;
    for (let i = 0; i + 1 < ids.length; i++) this.#edge(ids[i]!, ids[i + 1]!, i === faultAt);
    for (const { consumer, input } of edges.slice(0, EDGES_MAX))
      this.#edge(this.#node(consumer), this.#node(input), true);
    this.leftOut += Math.max(0, edges.length - EDGES_MAX);
  }

  finish(): Omit<Picture, "leftOut"> {
    const edges = [...this.#edges.values()];
    const columns = columnsOf(this.#steps.length, edges);
    return { edges, nodes: this.#steps.map((step, id) => ({ ...step, column: columns[id]! })) };
  }

  #node(step: Step): number {
    const known = this.#ids.get(step.path);
    if (known !== undefined) return known;
    const id = this.#steps.push(step) - 1;
    this.#ids.set(step.path, id);
    return id;
  }

  #edge(from: number, to: number, isFault: boolean): void {
    const key = `${from} ${to}`;
    if (from !== to && (isFault || !this.#edges.has(key))) this.#edges.set(key, { from, to, isFault });
  }
}

/** The longest way to each node; those that nothing leads to stand right before what they lead to. */
function columnsOf(size: number, edges: readonly PictureEdge[]): number[] {
  const columns = new Array<number>(size).fill(0);
  // As many rounds as the longest way can be; what goes round in circles stops there.
  for (let round = 0, moved = true; moved && round < size; round++) {
    moved = false;
    for (const { from, to } of edges)
      if (columns[to]! < columns[from]! + 1) {
        columns[to] = columns[from]! + 1;
        moved = true;
      }
  }
  const led = new Set(edges.map(({ to }) => to));
  for (let id = 1; id < size; id++)
    if (!led.has(id)) {
      const ahead = edges.filter(({ from }) => from === id).map(({ to }) => columns[to]!);
      columns[id] = Math.max(0, Math.min(...ahead) - 1);
    }
  return columns;
}

/** Mistakes that are drawn. */
const FINDINGS_MAX = 12;
/** Places of one mistake that are drawn. */
const EDGES_MAX = 30;

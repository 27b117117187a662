import assert from "node:assert/strict";
import type { SketchedTask, Truth } from "./model.ts";
import type { SimRun, Site } from "./site.ts";

/** A build as it is at a time. */
export interface SimTask {
  readonly sketch: SketchedTask;
  readonly truth: Truth;
  readonly toldMemoryBytes: number;
  readonly requests: Set<string>;
  readonly dependants: SimTask[];
  readonly holders: Set<Site>;
  run: SimRun | undefined;
  end: SimEnd | undefined;
  attempts: number;
  readyMs: number;
}

export type SimEnd = "done" | "failed" | "skipped" | "given-up";

/** All that was asked for, each after what it needs. */
export class SimTasks {
  readonly #byId = new Map<string, SimTask>();

  get all(): Iterable<SimTask> {
    return this.#byId.values();
  }

  of(id: string): SimTask {
    return this.#byId.get(id)!;
  }

  /** The task of a sketch; `about` is for one that is new. */
  take(sketch: SketchedTask, about: Pick<SimTask, "truth" | "toldMemoryBytes" | "readyMs">): SimTask {
    const known = this.#byId.get(sketch.id);
    if (known) return known;
    const task: SimTask = {
      sketch,
      ...about,
      requests: new Set(),
      dependants: [],
      holders: new Set(),
      run: undefined,
      end: undefined,
      attempts: 0,
    };
    this.#byId.set(sketch.id, task);
    for (const need of sketch.needs) this.of(need).dependants.push(task);
    return task;
  }

  /** Brings inputs that are missing to a builder; how many bytes. */
  bring({ sketch }: SimTask, site: Site): number {
    let bytes = 0;
    for (const made of sketch.needs.map((need) => this.of(need))) {
      if (!made.holders.has(site)) bytes += made.truth.outputBytes;
      made.holders.add(site);
    }
    for (const { path, bytes: size } of sketch.sources) {
      if (!site.sources.has(path)) bytes += size;
      site.sources.add(path);
    }
    return bytes;
  }

  /** What was done, is held by nobody, and is needed by what is not done. What nobody needs was asked for and is at home. */
  neededAgain(): SimTask[] {
    const gone = new Set<SimTask>();
    for (const task of [...this.all].reverse()) {
      if (task.end !== "done" || task.holders.size > 0 || task.requests.size === 0) continue;
      const isNeeded = task.dependants.some((one) => gone.has(one) || (one.end === undefined && !one.run));
      if (isNeeded) gone.add(task);
    }
    return [...gone];
  }

  canFollow({ sketch: { needs } }: SimTask): boolean {
    return needs.every((need) => this.of(need).end === "done");
  }

  /** Holds that a task may begin, or may be handed over `together` with others. */
  checkFree(task: SimTask, together: ReadonlySet<string> = new Set()): void {
    const { id, needs } = task.sketch;
    assert.equal(task.run, undefined, `${id} runs twice at once`);
    assert.equal(task.end, undefined, `${id} runs and has ended as ${task.end}`);
    assert.ok(task.requests.size > 0, `${id} runs and nobody asked for it`);
    for (const need of needs)
      assert.ok(
        together.has(need) || this.of(need).end === "done",
        `${id} runs before what it needs, ${need}`,
      );
  }
}

import { memoryWanted } from "../builder/admission.ts";
import type { Builder, ScoringSchedule, Task } from "../state.ts";

/**
 * What is left on a builder of memory and disk for a graph that is handed over to it. It orders what it has itself and runs as
 * many at once as it has slots: so the hungriest of them must have memory together, and the outputs of all must have disk.
 */
export class Room {
  readonly #schedule: ScoringSchedule;
  readonly #slots: number;
  readonly #memoryBytes: number;
  #diskBytes: number;
  /** What the hungriest want, the most first: as many as there are slots. */
  #hungriest: readonly number[] = [];

  constructor(schedule: ScoringSchedule, { traits, memoryBytes, memoryTakenBytes, freeDiskBytes }: Builder) {
    this.#schedule = schedule;
    this.#slots = traits.maxJobs;
    this.#memoryBytes = (memoryBytes ?? Number.POSITIVE_INFINITY) - memoryTakenBytes;
    this.#diskBytes = freeDiskBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Counts a task in, unless there is no room for it. */
  take(task: Task): boolean {
    const diskBytes = this.#diskBytes - task.outputBytes;
    const hungriest = [...this.#hungriest, memoryWanted(this.#schedule, task)]
      .sort((a, b) => b - a)
      .slice(0, this.#slots);
    const wanted = hungriest.reduce((sum, bytes) => sum + bytes, 0);
    if (diskBytes < 0 || wanted > this.#memoryBytes) return false;
    this.#diskBytes = diskBytes;
    this.#hungriest = hungriest;
    return true;
  }
}

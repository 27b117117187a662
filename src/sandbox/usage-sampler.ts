import {
  processTree,
  STAT_CHILDREN_SYSTEM_TICKS,
  STAT_CHILDREN_USER_TICKS,
  STAT_RESIDENT_PAGES,
  STAT_SYSTEM_TICKS,
  STAT_USER_TICKS,
  statFields,
} from "./process-tree.ts";
import type { ResourceUsage } from "./sandbox.ts";

/** Looks at a tree of processes now and then, where no control group can measure it. What it says is a lower bound. */
export class UsageSampler implements Disposable {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  #userTicks = 0;
  #systemTicks = 0;
  #pagesPeak = 0;
  #pagesNow = 0;
  #samples = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_INTERVAL_MS);
    this.#timer.unref();
  }

  get usage(): ResourceUsage {
    if (this.#samples === 0) return { measuredBy: "none" };
    return {
      measuredBy: "sampling",
      cpuUserUs: this.#userTicks * TICK_US,
      cpuSystemUs: this.#systemTicks * TICK_US,
      memoryPeakBytes: this.#pagesPeak * PAGE_BYTES,
    };
  }

  /** At the last look. What processes share counts for each of them. */
  get memoryBytes(): number {
    return this.#pagesNow * PAGE_BYTES;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    let [user, system, pages] = [0, 0, 0];
    for (const pid of processTree(this.#pid)) {
      const fields = statFields(pid);
      if (!fields) continue;
      user += Number(fields[STAT_USER_TICKS]) + Number(fields[STAT_CHILDREN_USER_TICKS]);
      system += Number(fields[STAT_SYSTEM_TICKS]) + Number(fields[STAT_CHILDREN_SYSTEM_TICKS]);
      pages += Number(fields[STAT_RESIDENT_PAGES]);
    }
    if (pages === 0) return;
    this.#samples++;
    this.#pagesNow = pages;
    this.#userTicks = Math.max(this.#userTicks, user);
    this.#systemTicks = Math.max(this.#systemTicks, system);
    this.#pagesPeak = Math.max(this.#pagesPeak, pages);
  }
}

const SAMPLE_INTERVAL_MS = 500;
/** The kernel's clock tick as user space sees it: 100 a second on every Linux. */
const TICK_US = 10_000;
const PAGE_BYTES = 4096;

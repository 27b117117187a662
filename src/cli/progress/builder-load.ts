import type { Stage } from "./build-graph.ts";

/** A builder, and how much it has to do for this run. */
export interface BuilderLoad {
  readonly name: string;
  state: "connecting" | "up" | "down";
  /** Builds that it takes at once; 0 while that is not known. */
  slots: number;
  fetching: number;
  sending: number;
  queued: number;
  building: number;
  /** Why it is down. */
  fault: string | undefined;
}

export function newLoad(name: string): BuilderLoad {
  const counts = { fetching: 0, sending: 0, queued: 0, building: 0 };
  return { name, state: "connecting", slots: 0, ...counts, fault: undefined };
}

/** Counts a build in at a stage, or out of it (`by` -1); stages at which no builder has it do not count. */
export function countIn(load: BuilderLoad, stage: Stage, by: 1 | -1): void {
  if (stage in load) load[stage as keyof BuilderLoad & Stage] += by;
}

/** Its slots that are in use for this run. */
export function slotsInUse({ fetching, sending, building }: BuilderLoad): number {
  return fetching + sending + building;
}

import type { BuilderFacts } from "#schedule/schedule.ts";
import type { BuilderPage } from "./builder-book.ts";

/** What the builder book tells the scheduler of a builder; undefined where it has nothing to tell. */
export function builderFacts(
  { speed, machine, probes }: BuilderPage,
  nowMs: number,
): BuilderFacts | undefined {
  const emulatedSystems = [...probes].filter(([, { emulated }]) => emulated).map(([system]) => system);
  const isFresh = machine !== undefined && nowMs - machine.atMs < FRESH_MS;
  // What others had of it when somebody looked is not to be had; later, who knows.
  const memoryBytes = (isFresh ? machine.freeMemoryBytes : undefined) ?? machine?.memoryBytes;
  const facts = {
    ...(speed && { speed: speed.factor }),
    ...(machine?.cores !== undefined && { cores: machine.cores }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(isFresh && machine.freeDiskBytes !== undefined && { freeDiskBytes: machine.freeDiskBytes }),
    ...(probes.size > 0 && { emulatedSystems }),
  };
  return Object.keys(facts).length > 0 ? facts : undefined;
}

/** How long a look at a machine says what is free of its memory and its disk. */
const FRESH_MS = 15 * 60 * 1000;

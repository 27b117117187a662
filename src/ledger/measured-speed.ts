import { median } from "#base/median.ts";
import type { BuildSample } from "./ledger.ts";

/** How fast a builder was found to be against one of speed 1, and from how many builds. */
export interface MeasuredSpeed {
  readonly factor: number;
  readonly builds: number;
}

/**
 * Compares builders by builds of the same name: what takes one twice as long as another makes it half as fast. Only the last
 * few of each builder count, so that an old bad rating goes when new builds are better. Declared speeds say what 1 is, and
 * stand for builders of which too little is known; those are absent in the answer.
 */
export function measureSpeeds(
  samples: readonly BuildSample[],
  declared: ReadonlyMap<string, number>,
): Map<string, MeasuredSpeed> {
  const compared = comparable(samples.filter(({ builder }) => declared.has(builder)));
  let speeds = new Map(declared);
  for (let round = 0; round < ROUNDS; round++) {
    const works = worksAt(compared, speeds);
    speeds = new Map(
      Array.from(declared, ([builder, factor]) => [builder, speedOf(compared, { builder, works }) ?? factor]),
    );
  }
  const scale = scaleOf(compared, { declared, speeds });
  return new Map(
    Array.from(Map.groupBy(compared, ({ builder }) => builder))
      .filter(([, own]) => own.length >= BUILDS_MIN)
      .map(([builder, own]) => [
        builder,
        { factor: bounded(speeds.get(builder)! * scale), builds: own.length },
      ]),
  );
}

/** Builds long enough to say something, of names that were built on several builders: the last few of each builder. */
function comparable(samples: readonly BuildSample[]): readonly BuildSample[] {
  const long = samples.filter(({ durationMs }) => durationMs >= DURATION_MS_MIN);
  const groups = [...Map.groupBy(long, workOf).values()];
  const shared = groups.filter((group) => new Set(group.map(({ builder }) => builder)).size > 1).flat();
  const newest = shared.toSorted((a, b) => b.endedMs - a.endedMs);
  return [...Map.groupBy(newest, ({ builder }) => builder).values()].flatMap((own) =>
    own.slice(0, BUILDS_MAX),
  );
}

/** What each kind of build would take a builder of speed 1, in ms. */
function worksAt(
  samples: readonly BuildSample[],
  speeds: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  return new Map(
    Array.from(Map.groupBy(samples, workOf), ([work, group]) => [
      work,
      median(group.map(({ durationMs, builder }) => durationMs * speeds.get(builder)!)),
    ]),
  );
}

function speedOf(
  samples: readonly BuildSample[],
  { builder, works }: { builder: string; works: ReadonlyMap<string, number> },
): number | undefined {
  const own = samples.filter((sample) => sample.builder === builder);
  return own.length === 0
    ? undefined
    : median(own.map((sample) => works.get(workOf(sample))! / sample.durationMs));
}

/** What makes the builders on the whole as fast as they were declared. */
function scaleOf(
  samples: readonly BuildSample[],
  { declared, speeds }: { declared: ReadonlyMap<string, number>; speeds: ReadonlyMap<string, number> },
): number {
  const seen = new Set(samples.map(({ builder }) => builder));
  return median(Array.from(seen, (builder) => declared.get(builder)! / speeds.get(builder)!)) || 1;
}

function workOf({ name, system }: BuildSample): string {
  return `${system} ${name}`;
}

function bounded(factor: number): number {
  return Math.min(Math.max(factor, FACTOR_MIN), FACTOR_MAX);
}

/** Shorter builds measure the machine less than the way there. */
const DURATION_MS_MIN = 1000;
/** Builds of one builder that are looked at, and without which nothing is said. */
const BUILDS_MAX = 50;
const BUILDS_MIN = 3;
/** The medians settle in few. */
const ROUNDS = 8;
const FACTOR_MIN = 0.01;
const FACTOR_MAX = 100;

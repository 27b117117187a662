import type { BuilderTraits } from "./requirement.ts";

/** A builder that could take a build now, and how many builds it runs already. */
export interface Candidate {
  readonly traits: BuilderTraits;
  readonly running: number;
}

/**
 * The best of builders that can take a build: least load for its speed, then the fastest, then the least
 * load, then the first in the machines file. This machine is taken first for builds that prefer it and last
 * for all others. Source: Nix, `build-remote`.
 */
export function choose(candidates: readonly Candidate[], preferLocal: boolean): Candidate | undefined {
  let best: Candidate | undefined;
  for (const candidate of candidates) {
    if (candidate.running >= candidate.traits.maxJobs) continue;
    if (!best || isBetter(candidate, best, preferLocal)) best = candidate;
  }
  return best;
}

function isBetter(a: Candidate, b: Candidate, preferLocal: boolean): boolean {
  if (a.traits.local !== b.traits.local) return a.traits.local === preferLocal;
  const [loadA, loadB] = [a.running / a.traits.speedFactor, b.running / b.traits.speedFactor];
  if (loadA !== loadB) return loadA < loadB;
  if (a.traits.speedFactor !== b.traits.speedFactor) return a.traits.speedFactor > b.traits.speedFactor;
  return a.running < b.running;
}

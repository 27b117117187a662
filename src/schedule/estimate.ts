/** What a build is expected to take. */
export interface Estimate {
  /** On a builder of speed 1. */
  readonly durationMs: number;
  /** At its peak; 0 when nothing is known of it. */
  readonly memoryBytes: number;
  /** Of all its outputs together. */
  readonly outputBytes: number;
  /** `history`: builds of that name were seen. `default`: nothing is known. */
  readonly basis: "history" | "default";
}

/** What was seen of builds before. */
export interface Estimates {
  /**
   * By the name of a derivation without its version, as `nameWithoutVersion` makes it, and its system; undefined when none was
   * seen. Durations are what a builder of speed 1 would have taken: as they were, times the speed of who built.
   */
  estimateOf(name: string, system: string): Omit<Estimate, "basis"> | undefined;
}

/** For those who remember nothing. */
export const noEstimates: Estimates = { estimateOf: () => undefined };

/** What is known of a derivation named `name`, or what is assumed. */
export function estimateFor(estimates: Estimates, name: string, system: string): Estimate {
  const known = estimates.estimateOf(nameWithoutVersion(name), system);
  return known ? { ...known, basis: "history" } : DEFAULT_ESTIMATE;
}

/**
 * The name of a derivation without its version: up to the first dash that no letter follows.
 * Source: Nix, `DrvName`.
 */
export function nameWithoutVersion(name: string): string {
  return /^.+?(?=-[^a-zA-Z]|$)/s.exec(name)?.[0] ?? name;
}

/** Assumed of a build of which nothing is known: in nixpkgs most take seconds and make little. */
export const DEFAULT_ESTIMATE: Estimate = {
  durationMs: 30_000,
  memoryBytes: 0,
  outputBytes: 4 * 1024 * 1024,
  basis: "default",
};

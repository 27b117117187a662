import type { BuilderTraits } from "#schedule/requirement.ts";
import type { Foresight, SketchedTask } from "./model.ts";

/** A builder as it is, beside what is said of it. */
export interface SimBuilder {
  readonly traits: BuilderTraits;
  /** What it does against what its speed factor says; 1 when that is true. */
  readonly pace: number;
  readonly incidents: readonly Incident[];
}

export type Incident = { readonly atMs: number } & (
  | { readonly kind: "down" }
  | { readonly kind: "up" }
  | { readonly kind: "disk-full" }
  | { readonly kind: "disk-freed" }
  | { readonly kind: "pace"; readonly pace: number }
);

export interface Arrival {
  readonly atMs: number;
  readonly request: string;
  readonly principal: string;
  readonly priority: number;
  /** Each after what it needs. */
  readonly tasks: readonly SketchedTask[];
  readonly withdrawnAtMs?: number;
}

export interface Scenario {
  readonly seed: number;
  readonly builders: readonly SimBuilder[];
  readonly arrivals: readonly Arrival[];
  readonly foresight: Foresight;
  /** Of attempts whose connection breaks, and of builds that fail by themselves. */
  readonly lossShare: number;
  readonly failureShare: number;
}

export function simBuilder(
  name: string,
  traits: Partial<BuilderTraits> = {},
  { pace = 1, incidents = [] }: Partial<SimBuilder> = {},
): SimBuilder {
  return {
    traits: {
      name,
      systems: ["x86_64-linux", "i686-linux"],
      supportedFeatures: ["big-parallel", "kvm", "nixos-test", "benchmark", "recursive-nix", "uid-range"],
      mandatoryFeatures: [],
      maxJobs: 4,
      speedFactor: 1,
      local: false,
      takesGraphs: false,
      ...traits,
    },
    pace,
    incidents,
  };
}

/** What a build asks of the machine that runs it. */
export interface Requirement {
  /** `x86_64-linux`; `builtin` runs anywhere. */
  readonly system: string;
  /** `requiredSystemFeatures`, sorted. */
  readonly features: readonly string[];
  /** Not worth sending away. */
  readonly preferLocal: boolean;
}

/** What a builder offers. The same for the machine that we are on. */
export interface BuilderTraits {
  /** As people name it: `ssh-ng://mac`, or `here`. */
  readonly name: string;
  readonly systems: readonly string[];
  readonly supportedFeatures: readonly string[];
  /** Only builds that ask for all of these are taken. */
  readonly mandatoryFeatures: readonly string[];
  readonly maxJobs: number;
  readonly speedFactor: number;
  /** This machine, building into the destination store itself. */
  readonly local: boolean;
  /** Takes many derivations in one request and schedules them itself. */
  readonly takesGraphs: boolean;
  /** What the machine has, where it is known. */
  readonly cores?: number;
  readonly memoryBytes?: number;
  /** Those of `systems` that it runs by emulation, as far as it is known. */
  readonly emulatedSystems?: readonly string[];
}

/** Why a builder cannot take a build, whatever its load. */
export type Refusal =
  | { readonly kind: "system"; readonly wanted: string; readonly offered: readonly string[] }
  | { readonly kind: "missing-features"; readonly features: readonly string[] }
  | { readonly kind: "mandatory-features"; readonly features: readonly string[] }
  | { readonly kind: "no-slots" };

/** Undefined when the builder can. Source: Nix, `Machine::systemSupported`, `allSupported`, `mandatoryMet`. */
export function refusalOf(traits: BuilderTraits, { system, features }: Requirement): Refusal | undefined {
  if (traits.maxJobs < 1) return { kind: "no-slots" };
  if (system !== "builtin" && !traits.systems.includes(system))
    return { kind: "system", wanted: system, offered: traits.systems };
  const { supportedFeatures, mandatoryFeatures } = traits;
  const missing = features.filter(
    (feature) => !supportedFeatures.includes(feature) && !mandatoryFeatures.includes(feature),
  );
  if (missing.length > 0) return { kind: "missing-features", features: missing };
  const unmet = mandatoryFeatures.filter((feature) => !features.includes(feature));
  return unmet.length > 0 ? { kind: "mandatory-features", features: unmet } : undefined;
}

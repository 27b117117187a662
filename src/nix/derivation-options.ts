import { compareText } from "#base/text.ts";
import type { BasicDerivation } from "./derivation.ts";
import type { ReferenceTarget } from "./derivation-reference.ts";
import { derivationType, hasKnownOutputPaths } from "./derivation-type.ts";

/** What the references of an output may be. Absent: anything. Sizes in bytes. */
export interface OutputChecks {
  /** Whether a reference of an output to itself is let through unsaid; structured attributes are stricter. */
  readonly ignoreSelfReferences: boolean;
  readonly sizeMax?: number | undefined;
  readonly closureSizeMax?: number | undefined;
  readonly allowedReferences?: readonly ReferenceTarget[] | undefined;
  readonly allowedRequisites?: readonly ReferenceTarget[] | undefined;
  readonly disallowedReferences: readonly ReferenceTarget[];
  readonly disallowedRequisites: readonly ReferenceTarget[];
}

/** What a derivation asks of whoever builds it. Source: Nix manual, "Advanced attributes". */
export interface DerivationOptions {
  readonly outputChecks:
    | { readonly kind: "all"; readonly checks: OutputChecks }
    | { readonly kind: "per-output"; readonly checks: ReadonlyMap<string, OutputChecks> };
  /** By output name. */
  readonly unsafeDiscardReferences: ReadonlyMap<string, boolean>;
  /** Names of environment variables that are passed in files. */
  readonly passAsFile: ReadonlySet<string>;
  /** File name (or key, with structured attributes) to the paths whose closures are described there. */
  readonly exportReferencesGraph: ReadonlyMap<string, readonly ReferenceTarget[]>;
  readonly additionalSandboxProfile: string;
  readonly noChroot: boolean;
  readonly impureHostDeps: readonly string[];
  readonly impureEnvVars: readonly string[];
  readonly allowLocalNetworking: boolean;
  /** As written; `requiredFeatures` adds what the kind of the outputs implies. Sorted. */
  readonly requiredSystemFeatures: readonly string[];
  readonly preferLocalBuild: boolean;
  readonly allowSubstitutes: boolean;
}

/** System features that a builder must have, with `ca-derivations` where output paths are not known. Sorted. */
export function requiredFeatures(
  drv: Pick<BasicDerivation, "name" | "outputs">,
  options: Pick<DerivationOptions, "requiredSystemFeatures">,
): readonly string[] {
  if (hasKnownOutputPaths(derivationType(drv))) return options.requiredSystemFeatures;
  return [...new Set([...options.requiredSystemFeatures, "ca-derivations"])].sort(compareText);
}

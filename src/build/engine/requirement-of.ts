import type { Derivation } from "#nix/derivation.ts";
import { derivationOptions, requiredFeatures } from "#nix/derivation-options.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import type { Requirement } from "#schedule/requirement.ts";

/** What a derivation asks of a machine; where it has structured attributes, they hold it. */
export function requirementOf(derivation: Derivation): Requirement {
  const known = REMEMBERED.get(derivation);
  if (known) return known;
  // The store directory matters for references only, which are not looked at here.
  const options = derivationOptions(DEFAULT_STORE_DIR, derivation);
  const requirement = {
    system: derivation.system,
    features: requiredFeatures(derivation, options),
    preferLocal: options.preferLocalBuild,
  };
  REMEMBERED.set(derivation, requirement);
  return requirement;
}

const REMEMBERED = new WeakMap<Derivation, Requirement>();

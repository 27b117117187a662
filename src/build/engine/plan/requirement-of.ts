import type { Derivation } from "#nix/derivation.ts";
import { requiredFeatures } from "#nix/derivation-options.ts";
import { derivationOptions } from "#nix/read-derivation-options.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import type { Requirement } from "#schedule/requirement.ts";

/** What planning asks of every derivation of a graph; where it has structured attributes, they hold it. */
interface Wants {
  readonly requirement: Requirement;
  readonly allowsSubstitutes: boolean;
}

/** What a derivation asks of a machine. */
export function requirementOf(derivation: Derivation): Requirement {
  return wantsOf(derivation).requirement;
}

/** Whether its outputs may be taken from a cache. */
export function allowsSubstitutes(derivation: Derivation): boolean {
  return wantsOf(derivation).allowsSubstitutes;
}

/** Lets `other`, which stands for the same derivation, answer without its environment. */
export function rememberWants(derivation: Derivation, other: Derivation): void {
  REMEMBERED.set(other, wantsOf(derivation));
}

function wantsOf(derivation: Derivation): Wants {
  const known = REMEMBERED.get(derivation);
  if (known) return known;
  // The store directory matters for references only, which are not looked at here.
  const options = derivationOptions(DEFAULT_STORE_DIR, derivation);
  const { system } = derivation;
  const features = requiredFeatures(derivation, options);
  const { preferLocalBuild: preferLocal, allowSubstitutes } = options;
  const wants = shared({
    requirement: { system, features, preferLocal },
    allowsSubstitutes: allowSubstitutes,
  });
  REMEMBERED.set(derivation, wants);
  return wants;
}

/** Thousands of derivations want the same few things. */
function shared(wants: Wants): Wants {
  const { requirement, allowsSubstitutes } = wants;
  const { system, features, preferLocal } = requirement;
  const key = [system, preferLocal, allowsSubstitutes, ...features].join("\0");
  const known = SHARED.get(key) ?? wants;
  SHARED.set(key, known);
  return known;
}

const REMEMBERED = new WeakMap<Derivation, Wants>();
const SHARED = new Map<string, Wants>();

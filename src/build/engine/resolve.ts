import type { BasicDerivation, Derivation } from "#nix/derivation.ts";
import { DownstreamPlaceholder } from "#nix/placeholder.ts";
import { printStorePath, type StoreDir, type StorePath } from "#nix/store-path.ts";
import type { KnownOutputs } from "./site.ts";

/** Paths of the outputs that a derivation takes as inputs, all of them known. */
export function inputOutputsOf(
  derivation: Derivation,
  outputsOf: (drvPath: StorePath) => KnownOutputs,
): StorePath[] {
  const paths: StorePath[] = [];
  for (const [input, { outputs }] of derivation.inputDerivations) {
    const known = outputsOf(input);
    for (const name of outputs) {
      const path = known.get(name);
      if (path) paths.push(path);
    }
  }
  return paths;
}

/**
 * A derivation with plain paths for inputs, as a builder takes it. Placeholders for outputs whose path was
 * not known when the derivation was made are replaced. Source: Nix, `Derivation::tryResolve`.
 */
export function resolveInputs(
  derivation: Derivation,
  storeDir: StoreDir,
  outputsOf: (drvPath: StorePath) => KnownOutputs,
): BasicDerivation {
  const { inputDerivations, ...basic } = derivation;
  const inputSources = [
    ...new Set([...derivation.inputSources, ...inputOutputsOf(derivation, outputsOf)]),
  ].sort();
  const rewrites = new Map<string, string>();
  for (const [input, { outputs }] of inputDerivations)
    for (const name of outputs) {
      const path = outputsOf(input).get(name);
      if (path)
        rewrites.set(DownstreamPlaceholder.ofOutput(input, name).toString(), printStorePath(storeDir, path));
    }
  const rewrite = rewriter(rewrites);
  return {
    ...basic,
    inputSources,
    builder: rewrite(basic.builder),
    args: basic.args.map(rewrite),
    env: new Map([...basic.env].map(([name, value]) => [rewrite(name), rewrite(value)])),
  };
}

function rewriter(rewrites: ReadonlyMap<string, string>): (text: string) => string {
  if (rewrites.size === 0) return (text) => text;
  return (text) =>
    text.length < PLACEHOLDER_LENGTH
      ? text
      : text.replace(PLACEHOLDER, (found) => rewrites.get(found) ?? found);
}

const PLACEHOLDER_LENGTH = 53;
const PLACEHOLDER = /\/[0-9a-df-np-sv-z]{52}/g;

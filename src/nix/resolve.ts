import { compareText } from "#base/text.ts";
import { makeOutputPath } from "./content-address.ts";
import type { BasicDerivation, Derivation, DerivationOutput, InputOutputs } from "./derivation.ts";
import { realisationHash } from "./derivation-hash.ts";
import { DownstreamPlaceholder, replacePlaceholders } from "./placeholder.ts";
import { printStorePath, type StoreDir, type StorePath } from "./store-path.ts";

/** The path that an output of a derivation turned out to be, where it is known. */
export type OutputLookup = (drvPath: StorePath, outputName: string) => StorePath | undefined;

/**
 * `drv` with its input derivations' outputs as sources and nothing left to be known: placeholders become paths,
 * deferred outputs become input-addressed. Undefined while a needed output is not known. A derivation that is
 * equal to another one's resolution need not be built again. Source: Nix, `Derivation::tryResolve`.
 */
export function resolveDerivation(
  storeDir: StoreDir,
  drv: Derivation,
  lookup: OutputLookup,
): Derivation | undefined {
  const found = new Inputs(storeDir, lookup);
  for (const [drvPath, input] of drv.inputDerivations) {
    const placeholder = (name: string): DownstreamPlaceholder =>
      DownstreamPlaceholder.ofOutput(drvPath, name);
    if (!found.take(drvPath, input, placeholder)) return undefined;
  }
  const sources = [...new Set([...drv.inputSources, ...found.paths])].sort(compareText);
  const rewritten = rewriteDerivation(drv, found.replacements);
  return fillDeferred(storeDir, { ...rewritten, inputSources: sources, inputDerivations: new Map() });
}

/** Whether a derivation must be resolved before it can be built. */
export function needsResolution(drv: Derivation): boolean {
  for (const output of drv.outputs.values())
    if (output.kind === "input-addressed" || output.kind === "fixed") return false;
  return drv.inputDerivations.size > 0;
}

/** `drv` with placeholders replaced in builder, arguments and environment. */
export function rewriteDerivation<T extends BasicDerivation>(drv: T, paths: ReadonlyMap<string, string>): T {
  const rewrite = (text: string): string => replacePlaceholders(text, paths);
  const env = [...drv.env].map(([name, value]) => [rewrite(name), rewrite(value)] as const);
  return {
    ...drv,
    builder: rewrite(drv.builder),
    args: drv.args.map(rewrite),
    env: new Map(env.sort(([a], [b]) => compareText(a, b))),
  };
}

class Inputs {
  readonly paths = new Set<StorePath>();
  readonly replacements = new Map<string, string>();
  readonly #storeDir: StoreDir;
  readonly #lookup: OutputLookup;

  constructor(storeDir: StoreDir, lookup: OutputLookup) {
    this.#storeDir = storeDir;
    this.#lookup = lookup;
  }

  /** Notes the wanted outputs of `drvPath`; false where one is not known. Recurses as deep as parsers let outputs nest. */
  take(
    drvPath: StorePath,
    { outputs, dynamic }: InputOutputs,
    placeholder: (name: string) => DownstreamPlaceholder,
  ): boolean {
    for (const name of outputs) {
      const path = this.#lookup(drvPath, name);
      if (!path) return false;
      this.paths.add(path);
      this.replacements.set(placeholder(name).toString(), printStorePath(this.#storeDir, path));
    }
    for (const [name, inner] of dynamic) {
      const built = this.#lookup(drvPath, name);
      const outer = placeholder(name);
      if (!built || !this.take(built, inner, (nested) => outer.outputOf(nested))) return false;
    }
    return true;
  }
}

function fillDeferred(storeDir: StoreDir, drv: Derivation): Derivation {
  if (![...drv.outputs.values()].some((output) => output.kind === "deferred")) return drv;
  const hash = realisationHash(storeDir, drv, noInput);
  const outputs = new Map<string, DerivationOutput>(drv.outputs);
  const env = new Map(drv.env);
  for (const [name, output] of drv.outputs) {
    if (output.kind !== "deferred") continue;
    const path = makeOutputPath(storeDir, name, hash, drv.name);
    outputs.set(name, { kind: "input-addressed", path });
    env.set(name, printStorePath(storeDir, path));
  }
  return { ...drv, outputs, env: new Map([...env].sort(([a], [b]) => compareText(a, b))) };
}

function noInput(path: StorePath): never {
  throw new Error(`A resolved derivation has no inputs, yet ${path} was asked for`);
}

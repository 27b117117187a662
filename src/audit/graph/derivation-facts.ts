import type { Derivation, InputOutputs } from "#nix/derivation.ts";
import { parseDerivationOutline } from "#nix/derivation-aterm.ts";
import { nameOf, printStorePath, type StoreDir, type StorePath } from "#nix/store-path.ts";
import type { Platform } from "../platform.ts";
import { crossTargetOf } from "./cross-target.ts";

/** What an audit needs to know of every derivation of a graph; the rest is read for the few that matter. */
export interface DerivationFacts {
  readonly system: string;
  /** The platform that its outputs are for, where it is another than its system. */
  readonly target: Platform | undefined;
  readonly builder: string;
  readonly isFixed: boolean;
  /** By full path. */
  readonly inputs: ReadonlyMap<string, InputOutputs>;
}

/** The facts in the contents of a `.drv` file. */
export function readDerivationFacts(path: StorePath, contents: Uint8Array): DerivationFacts {
  const name = nameOf(path).replace(/\.drv$/, "");
  const { outputs, inputDerivations, system, builder, rest } = parseDerivationOutline(contents, name);
  const out = outputs.get("out");
  return {
    system,
    builder,
    isFixed: out !== undefined && out.hash !== "" && out.hash !== "impure",
    inputs: inputDerivations,
    target: crossTargetOf({ name, system }, rest),
  };
}

/** The facts of a derivation that was read before. Without `environment`, its name alone tells that it is cross compiled. */
export function derivationFactsOf(
  storeDir: StoreDir,
  derivation: Derivation,
  { environment }: { environment: boolean },
): DerivationFacts {
  const { system, builder, outputs, inputDerivations } = derivation;
  const words = environment ? [...derivation.env.values()].join("\n") : "";
  return {
    system,
    builder,
    isFixed: outputs.get("out")?.kind === "fixed",
    inputs: new Map([...inputDerivations].map(([path, wanted]) => [printStorePath(storeDir, path), wanted])),
    target: crossTargetOf(derivation, words),
  };
}

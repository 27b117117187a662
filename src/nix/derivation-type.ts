import { ElsewhereError } from "#base/errors.ts";
import type { BasicDerivation, DerivationOutput } from "./derivation.ts";

/** What the outputs of a derivation have in common. Source: Nix, `DerivationType`. */
export type DerivationType = DerivationOutput["kind"];

/** The kind of all outputs of a derivation. Throws where Nix does: on none, on a mixture, on two fixed ones. */
export function derivationType(drv: Pick<BasicDerivation, "name" | "outputs">): DerivationType {
  const first = drv.outputs.values().next().value;
  if (!first) throw fault(drv.name, "it has no output");
  for (const output of drv.outputs.values()) {
    if (output.kind !== first.kind) throw fault(drv.name, "its outputs are of different kinds");
    if (algorithmOf(output) !== algorithmOf(first))
      throw fault(drv.name, "its outputs have different hash algorithms");
  }
  if (first.kind === "fixed" && !(drv.outputs.size === 1 && drv.outputs.has("out")))
    throw fault(drv.name, "a fixed-output derivation has one output, named 'out'");
  return first.kind;
}

/** Whether every output's path is known before anything is built. */
export function hasKnownOutputPaths(type: DerivationType): boolean {
  return type === "input-addressed" || type === "fixed";
}

/** Whether a build may use the network and is kept apart less: its result is checked, or is not to be relied on. */
export function isNetworked(type: DerivationType): boolean {
  return type === "fixed" || type === "impure";
}

/** Whether the builder is a program inside the builder's own program, `builtin:fetchurl`. */
export function isBuiltinBuilder(builder: string): boolean {
  return builder.startsWith("builtin:");
}

function algorithmOf(output: DerivationOutput): string {
  return "algorithm" in output ? output.algorithm : "";
}

function fault(name: string, why: string): ElsewhereError {
  return new ElsewhereError("BAD_DERIVATION", `Cannot use derivation '${name}': ${why}`);
}

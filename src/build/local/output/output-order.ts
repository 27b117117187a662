import type { StorePath } from "#nix/store-path.ts";
import { BuildFailure } from "../build-failure.ts";
import type { BuiltOutput } from "./inspect-output.ts";

/** Outputs in an order in which each comes after those that it refers to. */
export function orderOutputs(outputs: readonly BuiltOutput[], drv: string): BuiltOutput[] {
  const byPath = new Map<StorePath, BuiltOutput>(outputs.map((output) => [output.scratchPath, output]));
  const ordered: BuiltOutput[] = [];
  const waiting = new Map(outputs.map((output) => [output, new Set(siblingsOf(output, byPath))]));
  while (waiting.size > 0) {
    const ready = [...waiting].find(([, needs]) => needs.size === 0)?.[0];
    if (!ready) throw cycle(waiting, drv);
    ordered.push(ready);
    waiting.delete(ready);
    for (const needs of waiting.values()) needs.delete(ready);
  }
  return ordered;
}

function siblingsOf(output: BuiltOutput, byPath: ReadonlyMap<StorePath, BuiltOutput>): BuiltOutput[] {
  return output.references.flatMap((path) => byPath.get(path) ?? []).filter((each) => each !== output);
}

function cycle(waiting: ReadonlyMap<BuiltOutput, ReadonlySet<BuiltOutput>>, drv: string): BuildFailure {
  // Everything that still waits needs something that waits: following needs runs into the cycle.
  let [to] = waiting.keys();
  let [from] = waiting.get(to!)!;
  for (let steps = waiting.size; steps > 0; steps--) {
    to = from;
    [from] = waiting.get(to!)!;
  }
  return new BuildFailure(
    "OutputRejected",
    `cycle detected in build of '${drv}' in the references of output '${to!.name}' from output '${from!.name}'`,
  );
}

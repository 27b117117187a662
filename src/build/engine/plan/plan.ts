import { ElsewhereError } from "#base/errors.ts";
import type { Derivation, InputOutputs } from "#nix/derivation.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { KnownOutputs } from "./known-outputs.ts";

/** What a person asked for: outputs of a derivation, sorted. */
export interface Wish {
  readonly drvPath: StorePath;
  readonly outputs: readonly string[];
}

/** A derivation that must be built. */
export interface PlannedBuild {
  readonly drvPath: StorePath;
  readonly derivation: Derivation;
  /** Outputs that somebody needs, sorted. */
  readonly outputs: readonly string[];
  /** Other planned builds that it needs. */
  readonly needs: readonly StorePath[];
}

export interface PlanInput {
  readonly graph: ReadonlyMap<StorePath, Derivation>;
  readonly wishes: readonly Wish[];
  /** The paths of a derivation's outputs, as far as they are known before it is built. */
  readonly outputsOf: (drvPath: StorePath) => KnownOutputs;
  /** Whether some store that we can copy from, or build in, holds it. */
  readonly exists: (path: StorePath) => boolean;
}

/** What is left to build so that every wish comes true: each build after what it needs. */
export function plan({ graph, wishes, outputsOf, exists }: PlanInput): PlannedBuild[] {
  const wanted = new Map<StorePath, Set<string>>();
  const queue: Wish[] = [...wishes];
  for (let wish = queue.pop(); wish; wish = queue.pop()) {
    const { drvPath, outputs } = wish;
    const known = outputsOf(drvPath);
    const missing = outputs.filter((name) => !known.has(name) || !exists(known.get(name)!));
    if (missing.length === 0) continue;
    const before = wanted.get(drvPath);
    wanted.set(drvPath, before ? before.union(new Set(outputs)) : new Set(outputs));
    if (before) continue;
    for (const [input, needed] of derivationAt(graph, drvPath).inputDerivations)
      queue.push({ drvPath: input, outputs: allOutputs(input, needed) });
  }
  return inOrder(graph, wanted);
}

function allOutputs(input: StorePath, { outputs, dynamic }: InputOutputs): readonly string[] {
  if (dynamic.size > 0)
    throw new ElsewhereError(
      "DYNAMIC_DERIVATION",
      `Cannot build on '${input}': it makes derivations that are only known when it is built`,
      { hint: "build it with 'nix build --store ssh-ng://BUILDER', which does it on the builder" },
    );
  return outputs;
}

function derivationAt(graph: ReadonlyMap<StorePath, Derivation>, drvPath: StorePath): Derivation {
  const found = graph.get(drvPath);
  if (!found) throw new ElsewhereError("DERIVATION_MISSING", `Cannot find derivation '${drvPath}'`);
  return found;
}

/** Inputs before what needs them, without recursion: chains may be thousands long. */
function inOrder(
  graph: ReadonlyMap<StorePath, Derivation>,
  wanted: ReadonlyMap<StorePath, ReadonlySet<string>>,
): PlannedBuild[] {
  const builds: PlannedBuild[] = [];
  const state = new Map<StorePath, "open" | "done">();
  const stack = [...wanted.keys()];
  for (let drvPath = stack.at(-1); drvPath !== undefined; drvPath = stack.at(-1)) {
    const seen = state.get(drvPath);
    const derivation = derivationAt(graph, drvPath);
    const needs = [...derivation.inputDerivations.keys()].filter((input) => wanted.has(input));
    if (seen === undefined) {
      state.set(drvPath, "open");
      for (const need of needs) if (!state.has(need)) stack.push(need);
      continue;
    }
    stack.pop();
    if (seen === "done") continue;
    state.set(drvPath, "done");
    builds.push({ drvPath, derivation, needs, outputs: [...wanted.get(drvPath)!].sort() });
  }
  return builds;
}

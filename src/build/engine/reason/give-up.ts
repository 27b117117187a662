import type { Derivation } from "#nix/derivation.ts";
import type { BuilderVerdict } from "#schedule/reason.ts";
import { type BuilderTraits, type Requirement, refusalOf } from "#schedule/requirement.ts";
import { requirementOf } from "../plan/requirement-of.ts";
import { describeObstacle, describeRefusal } from "./obstacle-words.ts";

/** Why nobody could do a build, machine by machine, and what to type. */
export function explainGivingUp(
  derivation: Derivation,
  { attempts, losses, verdicts }: TriedInVain,
  { builders, faults }: Asked,
): { readonly message: string; readonly hint?: string } {
  const requirement = requirementOf(derivation);
  const obstacles = new Map(verdicts.map(({ builder, obstacle }) => [builder, obstacle]));
  const lines = builders.map((traits) => {
    const refusal = refusalOf(traits, requirement);
    const fault = faults.get(traits.name) ?? losses.get(traits.name);
    const obstacle = obstacles.get(traits.name);
    const unused = obstacle ? describeObstacle(obstacle) : "it was not tried";
    return `  ${traits.name}: ${refusal ? describeRefusal(refusal) : (fault ?? unused)}`;
  });
  const tried =
    attempts > 0
      ? `gave up after ${attempts} attempt${attempts === 1 ? "" : "s"}`
      : "no machine can build it";
  const needs = describeRequirement(requirement);
  const message = [`${tried}; it needs ${needs}`, ...lines].join("\n");
  const hint = hintFor(builders, requirement) ?? diskHint(verdicts);
  return hint === undefined ? { message } : { message, hint };
}

/** What a build went through that nobody could do. */
interface TriedInVain {
  readonly attempts: number;
  /** Why each builder lost it. */
  readonly losses: ReadonlyMap<string, string>;
  /** What stood against each builder in the end. */
  readonly verdicts: readonly BuilderVerdict[];
}

/** Who could have done it. */
interface Asked {
  readonly builders: readonly BuilderTraits[];
  /** Why those that are not in use are not, by name. */
  readonly faults: ReadonlyMap<string, string>;
}

/** `x86_64-linux with kvm, big-parallel`. */
export function describeRequirement({ system, features }: Requirement): string {
  return features.length > 0 ? `${system} with ${features.join(", ")}` : system;
}

/** What to add to the machines file so that somebody can; undefined when somebody could already. */
export function hintFor(builders: readonly BuilderTraits[], requirement: Requirement): string | undefined {
  const refusals = builders.map((traits) => ({ traits, refusal: refusalOf(traits, requirement) }));
  if (refusals.some(({ refusal }) => !refusal)) return undefined;
  const near = refusals.find(({ refusal, traits }) => refusal?.kind === "missing-features" && !traits.local);
  if (near?.refusal?.kind === "missing-features")
    return `if ${near.traits.name} has ${near.refusal.features.join(", ")}, add ${near.refusal.features.join(",")} to field 6 of its line in the machines file`;
  const fields = requirement.features.length > 0 ? ` 1 ${requirement.features.join(",")}` : "";
  return `add a builder: --builders 'ssh-ng://HOST ${requirement.system} - 4${fields}', or that line in /etc/nix/machines`;
}

/** What was found out about a disk is believed for a while, or until somebody looks again. */
function diskHint(verdicts: readonly BuilderVerdict[]): string | undefined {
  const full = verdicts.find(({ obstacle }) => obstacle?.kind === "no-disk");
  return full && `free disk space on ${full.builder}, then: elsewhere builders probe ${full.builder}`;
}

import type { Derivation } from "#nix/derivation.ts";
import { type BuilderTraits, type Refusal, type Requirement, refusalOf } from "#schedule/requirement.ts";
import { requirementOf } from "./requirement-of.ts";
import type { Run } from "./run.ts";

/** Why nobody could do a build, machine by machine, and what to type. */
export function explainGivingUp(
  derivation: Derivation,
  { attempts, losses }: { attempts: number; losses: ReadonlyMap<string, string> },
  run: Pick<Run, "request" | "sites">,
): { readonly message: string; readonly hint?: string } {
  const requirement = requirementOf(derivation);
  const { sites } = run.request;
  const lines = sites.map(({ traits }) => {
    const refusal = refusalOf(traits, requirement);
    const fault = run.sites.faults.get(traits.name) ?? losses.get(traits.name);
    const why = refusal ? describeRefusal(refusal) : (fault ?? "it was not tried");
    return `  ${traits.name}: ${why}`;
  });
  const tried =
    attempts > 0
      ? `gave up after ${attempts} attempt${attempts === 1 ? "" : "s"}`
      : "no machine can build it";
  const needs = describeRequirement(requirement);
  const message = [`${tried}; it needs ${needs}`, ...lines].join("\n");
  const hint = hintFor(
    sites.map(({ traits }) => traits),
    requirement,
  );
  return hint === undefined ? { message } : { message, hint };
}

/** `x86_64-linux with kvm, big-parallel`. */
export function describeRequirement({ system, features }: Requirement): string {
  return features.length > 0 ? `${system} with ${features.join(", ")}` : system;
}

export function describeRefusal(refusal: Refusal): string {
  switch (refusal.kind) {
    case "system":
      return `it builds ${refusal.offered.join(", ") || "nothing"}, not ${refusal.wanted}`;
    case "missing-features":
      return `it lacks the feature${plural(refusal.features)} ${refusal.features.join(", ")}`;
    case "mandatory-features":
      return `it only takes builds that need ${refusal.features.join(", ")}`;
    case "no-slots":
      return "its max-jobs is 0";
  }
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

function plural(items: readonly unknown[]): string {
  return items.length === 1 ? "" : "s";
}

import { describeRefusal, describeRequirement, hintFor } from "#build/engine/give-up.ts";
import type { PlannedBuild } from "#build/engine/plan.ts";
import { type RealiseRequest, surveyOnly } from "#build/engine/realise.ts";
import { requirementOf } from "#build/engine/requirement-of.ts";
import { printStorePath } from "#nix/store-path.ts";
import { type BuilderTraits, refusalOf } from "#schedule/requirement.ts";
import type { CommandContext } from "../command-context.ts";
import { count, shortName } from "../progress/words.ts";
import type { BuildFlags } from "./request.ts";

/** Prints what would be built, who could build it, and for what nobody can, why and what to type. */
export async function printDryRun(
  context: CommandContext,
  request: RealiseRequest,
  flags: BuildFlags,
): Promise<void> {
  const { terminal } = context;
  const { builds } = await surveyOnly(request);
  const machines = request.sites.map(({ traits }) => traits);
  const plans = builds.map((build) => describe(build, machines));
  if (plans.some(({ able }) => able.length === 0)) context.exitWith(1);
  if (flags.json) {
    const print = (plan: Plan) => ({
      drvPath: printStorePath(request.destination.store.storeDir, plan.build.drvPath),
      needs: plan.needs,
      builders: plan.able,
      refusals: Object.fromEntries(plan.refusals),
    });
    return await terminal.print(`${JSON.stringify({ builds: plans.map(print) })}\n`);
  }
  if (plans.length === 0) return terminal.error("nothing to build: everything is there or can be copied\n");
  await terminal.print(`${count(plans.length, "derivation")} would be built:\n`);
  for (const plan of plans) await terminal.print(lineOf(plan));
  const hints = new Set(plans.flatMap(({ hint }) => hint ?? []));
  for (const hint of hints) terminal.error(` hint: ${hint}\n`);
}

interface Plan {
  readonly build: PlannedBuild;
  readonly needs: string;
  readonly able: readonly string[];
  readonly refusals: ReadonlyMap<string, string>;
  readonly hint: string | undefined;
}

function describe(build: PlannedBuild, machines: readonly BuilderTraits[]): Plan {
  const requirement = requirementOf(build.derivation);
  const refusals = new Map<string, string>();
  const able: string[] = [];
  for (const traits of machines) {
    const refusal = refusalOf(traits, requirement);
    if (refusal) refusals.set(traits.name, describeRefusal(refusal));
    else able.push(traits.name);
  }
  return {
    build,
    needs: describeRequirement(requirement),
    able,
    refusals,
    hint: hintFor(machines, requirement),
  };
}

function lineOf({ build, needs, able, refusals }: Plan): string {
  const name = shortName(build.drvPath);
  if (able.length > 0) return `  ${name} (${needs}) on ${able.join(" or ")}\n`;
  const reasons = [...refusals].map(([machine, why]) => `      ${machine}: ${why}\n`);
  const nobody =
    reasons.length > 0 ? reasons.join("") : "      there are no builders, and max-jobs is 0 here\n";
  return `  ${name} (${needs}): nobody can build it\n${nobody}`;
}

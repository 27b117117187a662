import { formatBytes } from "#base/format-bytes.ts";
import type { PlannedBuild } from "#build/engine/plan/plan.ts";
import { requirementOf } from "#build/engine/plan/requirement-of.ts";
import { surveyOnly } from "#build/engine/realise.ts";
import type { RealiseRequest } from "#build/engine/realise-request.ts";
import { describeRequirement, hintFor } from "#build/engine/reason/give-up.ts";
import { describeRefusal } from "#build/engine/reason/obstacle-words.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { type BuilderTraits, type Requirement, refusalOf } from "#schedule/requirement.ts";
import type { CommandContext } from "../command-context.ts";
import { count, shortName, some } from "../progress/words.ts";
import type { BuildFlags } from "./build-flags.ts";
import { type PlannedFetches, plannedFetches } from "./planned-fetches.ts";

/** Prints what would be built and fetched, who could build it, and for what nobody can, why and what to type. */
export async function printDryRun(
  context: CommandContext,
  { request, paths }: { request: RealiseRequest; paths: readonly StorePath[] },
  flags: BuildFlags,
): Promise<void> {
  const { terminal } = context;
  const { store } = request.destination;
  const survey = await surveyOnly(request);
  const machines = request.sites.map(({ traits }) => traits);
  const plans = survey.builds.map((build) => describe(build, machines));
  const fetches = await plannedFetches(store, [...survey.fetches.keys(), ...paths]);
  if (plans.some(({ able }) => able.length === 0)) context.exitWith(1);
  const print = (path: StorePath) => printStorePath(store.storeDir, path);
  if (flags.json) return await terminal.print(`${JSON.stringify(asJson(plans, fetches, print))}\n`);
  if (plans.length === 0 && fetches.paths.size === 0 && fetches.unknown.length === 0)
    return terminal.error("nothing to build: everything is there or can be copied\n");
  const all = (flags.verbose ?? 0) > 0;
  const lines = [...buildLines(plans, { all }), ...fetchLines(fetches, { all }), ...unknownLines(fetches)];
  await terminal.print(`${lines.join("\n")}\n`);
  const hints = new Set(plans.flatMap(({ hint }) => hint ?? []));
  for (const hint of hints) terminal.error(` hint: ${hint}\n`);
}

interface Plan {
  readonly build: PlannedBuild;
  readonly requirement: Requirement;
  /** Names of the machines that can. */
  readonly able: readonly string[];
  readonly refusals: ReadonlyMap<string, string>;
  /** Why nobody can, in a sentence; where that cannot be said of all at once, machine by machine. */
  readonly why: readonly string[];
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
  const hint = hintFor(machines, requirement);
  return { build, requirement, able, refusals, why: whyNobody(requirement, { machines, refusals }), hint };
}

function whyNobody(
  { system, features }: Requirement,
  { machines, refusals }: { machines: readonly BuilderTraits[]; refusals: ReadonlyMap<string, string> },
): readonly string[] {
  if (machines.length === 0) return ["there are no builders, and max-jobs is 0 here"];
  const unlisted = [
    ...(machines.some(({ systems }) => systems.includes(system)) ? [] : [system]),
    ...features.filter((feature) => !machines.some((machine) => offers(machine, feature))),
  ];
  if (unlisted.length === 0) return [...refusals].map(([machine, reason]) => `${machine}: ${reason}`);
  const wanted = 1 + features.length;
  if (unlisted.length === wanted) return [`no machine lists ${wanted === 1 ? "that" : "them"}`];
  return [`no machine lists ${unlisted.join(" or ")}`];
}

function offers({ supportedFeatures, mandatoryFeatures }: BuilderTraits, feature: string): boolean {
  return supportedFeatures.includes(feature) || mandatoryFeatures.includes(feature);
}

/** Those that the same machines can build together, then each that nobody can. */
function buildLines(plans: readonly Plan[], { all }: { all: boolean }): string[] {
  const groups = Map.groupBy(
    plans.filter(({ able }) => able.length > 0),
    ({ able }) => able.join(" or "),
  );
  const lines = [...groups].flatMap(([machines, group]) => [
    `${count(group.length, "derivation")} would be built on ${machines}:`,
    ...(all
      ? group.map(
          ({ build, requirement }) => `  ${shortName(build.drvPath)} (${describeRequirement(requirement)})`,
        )
      : [`  ${some(group.map(({ build }) => shortName(build.drvPath)))}`]),
  ]);
  const impossible = plans.filter(({ able }) => able.length === 0);
  if (impossible.length === 0) return lines;
  return [
    ...lines,
    `${count(impossible.length, "derivation")} cannot be built by anyone:`,
    ...impossibleLines(impossible, { all }),
  ];
}

/** What is refused for the same reasons is said once. */
function impossibleLines(plans: readonly Plan[], { all }: { all: boolean }): string[] {
  const groups = Map.groupBy(plans, ({ requirement, why }) => [inWords(requirement), ...why].join("\n"));
  return [...groups.values()].flatMap((group) => {
    const { requirement, why } = group[0]!;
    const names = group.map(({ build }) => shortName(build.drvPath));
    const verb = group.length === 1 ? "needs" : "need";
    const needs = `  ${all ? names.join(", ") : some(names)} ${verb} ${inWords(requirement)}`;
    return why.length === 1 ? [`${needs}; ${why[0]}`] : [needs, ...why.map((line) => `    ${line}`)];
  });
}

/** `riscv64-linux and the feature pocket-press`. */
function inWords({ system, features }: Requirement): string {
  if (features.length === 0) return system;
  return `${system} and the feature${features.length === 1 ? "" : "s"} ${features.join(", ")}`;
}

function fetchLines({ paths, downloadSize, narSize }: PlannedFetches, { all }: { all: boolean }): string[] {
  if (paths.size === 0) return [];
  const caches = [...new Set([...paths.values()].flatMap((from) => from ?? []))];
  const sizes =
    narSize > 0 ? ` (${formatBytes(downloadSize)} to download, ${formatBytes(narSize)} unpacked)` : "";
  const from = caches.length > 0 ? ` from ${caches.join(" and ")}` : "";
  return [
    `${count(paths.size, "path")} would be fetched${from}${sizes}:`,
    ...(all
      ? [...paths.keys()].map((path) => `  ${shortName(path)}`)
      : [`  ${some([...paths.keys()].map(shortName))}`]),
  ];
}

function unknownLines({ unknown }: PlannedFetches): string[] {
  if (unknown.length === 0) return [];
  return [
    `no cache has ${count(unknown.length, "path")}, but a builder may:`,
    `  ${some(unknown.map(shortName))}`,
  ];
}

function asJson(plans: readonly Plan[], fetches: PlannedFetches, print: (path: StorePath) => string): object {
  return {
    builds: plans.map(({ build, requirement, able, refusals }) => ({
      drvPath: print(build.drvPath),
      needs: describeRequirement(requirement),
      builders: able,
      refusals: Object.fromEntries(refusals),
    })),
    fetches: Array.from(fetches.paths, ([path, from]) => ({ path: print(path), ...(from && { from }) })),
    downloadSize: fetches.downloadSize,
    narSize: fetches.narSize,
    unknown: fetches.unknown.map(print),
  };
}

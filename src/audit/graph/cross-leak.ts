import type { Rule } from "../rule.ts";
import { CompiledNodes } from "./compiled-nodes.ts";
import { isTargetTool } from "./cross-target.ts";
import type { Crossing, RoleTeller, Taken } from "./crossing.ts";
import type { PlatformGraph } from "./platform-graph.ts";
import type { RoleFound } from "./role.ts";

/**
 * Edges within one system where cross compiled and native programs are mixed up: a library of the compiling machine
 * is linked into what is for another, or the reverse; a native program stands in an environment of cross compiled ones.
 */
export async function crossLeaks(graph: PlatformGraph, roles: RoleTeller): Promise<Crossing[]> {
  if (!graph.hasForeignCross) return [];
  const leaks: Crossing[] = [];
  const compiled = new CompiledNodes(graph);
  for (let consumer = 0; consumer < graph.size; consumer++) {
    const mix = mixOf(graph, consumer, compiled);
    if (!mix) continue;
    for (const taken of await suspects(mix, (all) => roles(consumer, all)))
      leaks.push({ consumer, ...taken, rule: mix.rule, severity: "error" });
  }
  return leaks;
}

/** Programs of both kinds that one derivation takes. */
interface Mix {
  readonly rule: Rule;
  /** Those that it should not link. */
  readonly foreign: readonly Taken[];
  /** Of an environment that is not compiled itself: those that are for another machine. */
  readonly cross: readonly Taken[];
  readonly native: readonly Taken[];
  readonly isEnvironment: boolean;
}

function mixOf(graph: PlatformGraph, consumer: number, compiled: CompiledNodes): Mix | undefined {
  if (!graph.has(consumer) || graph.isFixed(consumer) || isTargetTool(graph.nameOf(consumer)))
    return undefined;
  const cross: Taken[] = [];
  const native: Taken[] = [];
  graph.eachInput(consumer, (input, list) => {
    if (!graph.has(input) || !graph.sharesSystem(input, consumer)) return;
    const taken = { input, outputs: graph.outputNames(list) };
    if (graph.isForeignCross(input)) cross.push(taken);
    else if (!graph.isCross(input) && !graph.isFixed(input)) native.push(taken);
  });
  const isCross = graph.isForeignCross(consumer);
  if (!isCross && cross.length === 0) return undefined;
  const isProgram = ({ input }: Taken) => compiled.has(input);
  const programs = { cross: cross.filter(isProgram), native: native.filter(isProgram) };
  if (isCross) return { ...programs, rule: "cross-leak", foreign: programs.native, isEnvironment: false };
  const isEnvironment = !compiled.has(consumer);
  return {
    ...programs,
    rule: isEnvironment ? "cross-leak" : "foreign-library",
    foreign: programs.cross,
    isEnvironment,
  };
}

/** Those that the derivation's attributes say are linked, or are members where most are for another machine. */
async function suspects(
  { foreign, cross, native, isEnvironment }: Mix,
  tell: (all: readonly Taken[]) => Promise<readonly RoleFound[]>,
): Promise<(Taken & RoleFound)[]> {
  const among = async (all: readonly Taken[], fits: (found: RoleFound) => boolean) => {
    const roles = all.length > 0 ? await tell(all) : [];
    return all.map((taken, index) => ({ ...taken, ...roles[index]! })).filter(fits);
  };
  if (!isEnvironment) return await among(foreign, ({ attribute }) => LINKED.has(attribute ?? ""));
  const members = await among(cross, ({ role }) => role === "member");
  const strangers = await among(native, ({ role }) => role === "member");
  return members.length > strangers.length ? strangers : [];
}

/** What is linked for certain: in other attributes, tools of both machines stand beside each other. */
const LINKED: ReadonlySet<string> = new Set(["buildInputs", "propagatedBuildInputs", "depsHostHost"]);

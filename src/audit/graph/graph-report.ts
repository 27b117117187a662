import { printable } from "#base/printable.ts";
import { printStorePath } from "#nix/store-path.ts";
import type { AuditReport, Edge, Finding, Intended, Step } from "../report/report.ts";
import { RULES, type Rule } from "../rule.ts";
import { adviceOn, tellingOf, whyOf } from "./advice.ts";
import { crossLeaks } from "./cross-leak.ts";
import { type Crossing, findCrossings } from "./crossing.ts";
import { derivationRoles } from "./derivation-roles.ts";
import { type GraphFinding, gatherFindings } from "./finding.ts";
import type { LoadedGraph } from "./load.ts";
import { optionOf } from "./option-name.ts";
import type { PlatformGraph } from "./platform-graph.ts";
import type { Role } from "./role.ts";
import { Routes } from "./route.ts";
import { Spread } from "./spread.ts";

/** Audits a graph of derivations, before anything of it is built. */
export async function auditGraph({ graph, roots, read }: LoadedGraph): Promise<AuditReport> {
  const roles = derivationRoles(graph, read);
  const crossings = [...(await findCrossings(graph, { roots, roles })), ...(await crossLeaks(graph, roles))];
  const findings = gatherFindings(graph, crossings, {
    roots,
    tells: (crossing) => tellingOf(graph, crossing),
  });
  return {
    kind: "graph",
    roots: roots.map((root) => printStorePath(graph.storeDir, graph.pathOf(root))),
    size: graph.size,
    platforms: graph.systemCounts(),
    findings: [...hostBuilderFindings(graph, roots), ...findings.map((finding) => findingOf(graph, finding))],
    intended: intendedOf(graph, crossings),
  };
}

/** Builders that lie outside the store where only a Mac has them, in builds of something else. */
function hostBuilderFindings(graph: PlatformGraph, roots: readonly number[]): Finding[] {
  const found = [...graph.hostBuilders()].filter(
    ([id, builder]) => MAC_PLACE.test(builder) && graph.systemOf(id).os !== "darwin",
  );
  if (found.length === 0) return [];
  const routes = new Routes(graph, roots);
  const spread = new Spread(graph);
  return found.map(([id, builder]) => ({
    rule: "host-builder",
    severity: "error",
    message: `${graph.nameOf(id)} is for ${graph.systemOf(id).text}, and its builder is ${printable(builder)}, which only a Mac has`,
    route: routes.to(id).map((node) => stepOf(graph, node)),
    edges: [],
    spoiled: spread.of(new Set([id])).spoiled,
    why: "A Linux builder has no such program, so the build cannot begin.",
    advice: `Give '${graph.nameOf(id)}' a builder out of the package set of ${graph.systemOf(id).text}, such as "\${pkgs.bash}/bin/bash".`,
  }));
}

function findingOf(graph: PlatformGraph, finding: GraphFinding): Finding {
  const { culprit, crossings, route, rule, severity, spoiled } = finding;
  return {
    rule,
    severity,
    message: messageOf(graph, finding),
    route: [...route, culprit.input].map((id) => stepOf(graph, id)),
    edges: crossings.map((crossing) => edgeOf(graph, crossing)),
    spoiled,
    why: whyOf(graph, finding),
    advice: adviceOn(graph, finding),
  };
}

function messageOf(graph: PlatformGraph, { rule, culprit, crossings, inputs }: GraphFinding): string {
  const consumer = graph.nameOf(culprit.consumer);
  const [here, there] = [graph.targetOf(culprit.consumer).text, graph.targetOf(culprit.input).text];
  const names = listed(inputs.map((input) => graph.nameOf(input)));
  if (rule === "foreign-derivation") return `${consumer} is for ${here}, and all around it is for ${there}`;
  const consumers = new Set(crossings.map(({ consumer: one }) => one)).size;
  const isOrAre = inputs.length === 1 ? "is" : "are";
  if (consumers === 1) return `${consumer} is for ${here}, and takes ${names}, which ${isOrAre} for ${there}`;
  return `${names} ${isOrAre} for ${there}, and ${consumers} derivations for ${here} take ${inputs.length === 1 ? "it" : "them"}, first ${consumer}`;
}

function listed(names: readonly string[]): string {
  if (names.length === 1) return names[0]!;
  const shown = names.slice(0, NAMES_MAX);
  const rest = names.length - shown.length;
  return rest > 0
    ? `${shown.join(", ")} and ${rest} more`
    : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

function edgeOf(
  graph: PlatformGraph,
  { consumer, input, outputs, role, attribute, severity }: Crossing,
): Edge {
  const how = attribute === undefined ? HOW[role] : `${HOW[role]} (${printable(attribute)})`;
  return { consumer: stepOf(graph, consumer), input: stepOf(graph, input), outputs, how, severity };
}

export function stepOf(graph: PlatformGraph, id: number): Step {
  const name = graph.nameOf(id);
  const option = optionOf(name);
  const system = graph.systemOf(id).text;
  const target = graph.targetOf(id).text;
  return {
    path: printStorePath(graph.storeDir, graph.pathOf(id)),
    name,
    platform: printable(target === system ? system : `${target}, compiled on ${system}`),
    ...(option !== undefined && { option }),
  };
}

export function intendedOf(graph: PlatformGraph, crossings: readonly Crossing[]): Intended[] {
  const byRule = Map.groupBy(
    crossings.filter(({ severity }) => severity === "note"),
    ({ rule }) => rule,
  );
  const inOrder = Object.keys(RULES).filter((rule) => byRule.has(rule as Rule)) as Rule[];
  return inOrder.map((rule) => {
    const all = byRule.get(rule)!;
    const examples = all.slice(0, EXAMPLES_MAX).map(({ consumer, input }) => ({
      consumer: graph.nameOf(consumer),
      input: graph.nameOf(input),
    }));
    return { rule, count: all.length, examples };
  });
}

const HOW: Readonly<Record<Role, string>> = {
  run: "runs it while building",
  linked: "is compiled with it",
  member: "merges it into an environment",
  written: "names it",
  packed: "packs its closure",
  source: "is made of its source",
  listed: "lists it",
  unsaid: "needs it",
};

/** Where macOS and what people put on it have programs, and Linux has none. */
const MAC_PLACE = /^\/(System|Library|Applications|Users|Volumes|opt\/homebrew|usr\/local\/Homebrew)\//;

/** Names that a sentence lists. */
const NAMES_MAX = 3;
const EXAMPLES_MAX = 5;

import { printable } from "#base/printable.ts";
import type { StoreDir, StorePath } from "#nix/store-path.ts";
import { printStorePath } from "#nix/store-path.ts";
import { adviceOn, whyOf } from "../graph/advice.ts";
import { type Crossing, findCrossings } from "../graph/crossing.ts";
import { effectiveTargets } from "../graph/effective-target.ts";
import { type GraphFinding, gatherFindings } from "../graph/finding.ts";
import { intendedOf, stepOf } from "../graph/graph-report.ts";
import { Routes } from "../graph/route.ts";
import { Spread } from "../graph/spread.ts";
import { type Platform, parsePlatform } from "../platform.ts";
import type { AuditReport, Edge, Finding, Intended } from "../report/report.ts";
import { type ClosurePath, closureOf, roleOfLink } from "./closure.ts";
import { describeGroup, type Misfit, misfitsOf } from "./content-platform.ts";

/** Audits store paths by what they hold and what they refer to. `roots` are those that were asked for. */
export async function auditClosure(
  storeDir: StoreDir,
  roots: readonly StorePath[],
  paths: readonly ClosurePath[],
): Promise<AuditReport> {
  const closure = closureOf(storeDir, paths);
  const { graph } = closure;
  const nodes = roots.map((root) => graph.nodeAt(printStorePath(storeDir, root)));
  const roles = async (consumer: number, taken: readonly { readonly input: number }[]) =>
    taken.map(({ input }) => roleOfLink(paths[consumer]!.contents, graph.pathOf(input)));
  const crossings = await findCrossings(graph, { roots: nodes, roles });
  const faults = gatherFindings(graph, crossings, {
    roots: nodes,
    tells: ({ attribute }) => (attribute ? 1 : 0),
  });
  const targetOf = effectiveTargets(graph);
  const contents = contentFindings(closure, { roots: nodes, targetOf });
  return {
    kind: "closure",
    roots: roots.map((root) => printStorePath(storeDir, root)),
    size: paths.length,
    files: paths.reduce((sum, one) => sum + one.contents.files, 0),
    guessed: paths.filter(({ deriver }) => deriver === undefined).length,
    platforms: platformCounts(graph, targetOf),
    findings: [...contents.findings, ...faults.map((fault) => findingOf(closure, fault))],
    intended: [...intendedOf(graph, crossings), ...contents.intended],
  };
}

type Closure = ReturnType<typeof closureOf>;

interface Surroundings {
  readonly roots: readonly number[];
  readonly targetOf: (id: number) => Platform;
}

/** Paths that hold programs of another platform than they are for. */
function contentFindings(
  { graph, paths, platforms }: Closure,
  { roots, targetOf }: Surroundings,
): { findings: Finding[]; intended: Intended[] } {
  const findings: Finding[] = [];
  const data: Intended["examples"][number][] = [];
  const routes = new Routes(graph, roots);
  const spread = new Spread(graph);
  for (const [id, { contents }] of paths.entries()) {
    if (graph.isFixed(id)) continue;
    const platform = platforms[id] ?? targetOf(id);
    if (platform === BUILTIN) continue;
    for (const misfit of misfitsOf(contents, platform)) {
      const { group } = misfit;
      const name = graph.nameOf(id);
      if (!misfit.isUsed) {
        data.push({ consumer: `${name}/${printable(group.file)}`, input: describeGroup(group) });
        continue;
      }
      findings.push({
        ...misfitFinding(name, platform, misfit),
        route: routes.to(id).map((node) => stepOf(graph, node)),
        edges: [],
        file: printable(group.file),
        spoiled: spread.of(new Set([id])).spoiled,
      });
    }
  }
  const intended: Intended[] =
    data.length > 0
      ? [{ rule: "foreign-data", count: data.length, examples: data.slice(0, EXAMPLES_MAX) }]
      : [];
  return { findings, intended };
}

function misfitFinding(
  name: string,
  platform: Platform,
  { group, translated }: Misfit,
): Pick<Finding, "rule" | "severity" | "message" | "why" | "advice"> {
  const there = group.binary.machines[0]!.platform.text;
  const file = group.file === "" ? name : `${name}/${printable(group.file)}`;
  return {
    rule: translated ? "translated" : "foreign-executable",
    severity: translated ? "warning" : "error",
    message: `${file} is ${describeGroup(group)}; this output is for ${platform.text}`,
    why: translated
      ? `It runs on ${platform.text} only where Rosetta is installed.`
      : `A machine for ${platform.text} cannot run programs for ${there}: it says "cannot execute binary file".`,
    advice: `Look at what '${name}' copies or downloads: it takes a program made for ${there}. Take the one for ${platform.text}, or what the package set of ${platform.text} has.`,
  };
}

function findingOf({ graph, paths }: Closure, finding: GraphFinding): Finding {
  const { culprit, crossings, route, rule, severity, spoiled } = finding;
  return {
    rule,
    severity,
    message: messageOf(finding, { graph, paths }),
    route: [...route, culprit.input].map((id) => stepOf(graph, id)),
    edges: crossings.map((crossing) => edgeOf(graph, crossing)),
    spoiled,
    why: whyOf(graph, finding),
    advice: adviceOn(graph, finding),
  };
}

function messageOf(
  { culprit, crossings }: GraphFinding,
  { graph, paths }: Pick<Closure, "graph" | "paths">,
): string {
  const consumer = graph.nameOf(culprit.consumer);
  const input = graph.nameOf(culprit.input);
  const [here, there] = [graph.targetOf(culprit.consumer).text, graph.targetOf(culprit.input).text];
  const programs = [...paths[culprit.input]!.contents.groups].find(({ place }) => place !== "data");
  const what = programs ? `${there} (${describeGroup(programs)})` : there;
  const from = culprit.attribute === undefined ? consumer : `${consumer}/${printable(culprit.attribute)}`;
  const others = new Set(crossings.map((one) => one.consumer)).size - 1;
  const also = others > 0 ? `; ${others} more of the closure do the same` : "";
  return `${from} ${HOW[culprit.role] ?? "refers to"} ${input}, which is for ${what}; ${consumer} is for ${here}${also}`;
}

function edgeOf(graph: Closure["graph"], { consumer, input, role, attribute, severity }: Crossing): Edge {
  const step = stepOf(graph, consumer);
  return {
    consumer: step,
    input: stepOf(graph, input),
    outputs: [],
    how: `${HOW[role] ?? "refers to"} it`,
    severity,
    ...(attribute !== undefined && { file: `${step.name}/${printable(attribute)}` }),
  };
}

function platformCounts(graph: Closure["graph"], targetOf: (id: number) => Platform): Map<string, number> {
  const counts = new Map<string, number>();
  for (let id = 0; id < graph.size; id++) {
    if (!graph.has(id)) continue;
    const platform = targetOf(id);
    const text = platform === BUILTIN ? "any" : platform.text;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return new Map([...counts].sort(([, a], [, b]) => b - a));
}

const HOW: Readonly<Record<string, string>> = { run: "is run by", member: "leads to" };
const BUILTIN = parsePlatform("builtin");
const EXAMPLES_MAX = 5;

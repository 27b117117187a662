import type { Crossing } from "./crossing.ts";
import type { GraphFinding } from "./finding.ts";
import { optionOf, packageOf } from "./option-name.ts";
import type { PlatformGraph } from "./platform-graph.ts";

/** How well a consumer's name tells which line of a configuration brought an input in; more is better. */
export function tellingOf(graph: PlatformGraph, { consumer, input }: Crossing): number {
  const name = graph.nameOf(consumer);
  // What gathers the inputs of one package is made for that package alone.
  if (GATHERED.test(name)) return 4;
  if (name === "nix.conf") return 3;
  if (packageOptionOf(name, packageOf(graph.nameOf(input)))) return 2;
  return optionOf(name) === undefined ? 0 : 1;
}

/** What comes of a finding. */
export function whyOf(graph: PlatformGraph, { culprit, rule }: GraphFinding): string {
  const here = graph.targetOf(culprit.consumer).text;
  const there = graph.targetOf(culprit.input).text;
  if (rule === "translated") return `Programs for ${there} run on ${here} only where Rosetta is installed.`;
  if (rule === "foreign-source")
    return `The source is made by a build on ${there}: whoever builds this for ${here} needs a builder of both.`;
  if (rule === "cross-leak")
    return `It is compiled for the machine that compiles (${there}): on ${here} it cannot be loaded or run.`;
  const system = graph.systemOf(culprit.input).text;
  return culprit.role === "run"
    ? `A machine for ${graph.systemOf(culprit.consumer).text} cannot run programs for ${there}: the build fails with "cannot execute binary file".`
    : `Programs for ${there} cannot run on ${here}. Without a builder for ${system} the build stops with "platform mismatch"; with one, the result fails when it runs: "cannot execute binary file".`;
}

/** What to change so that a finding goes away. */
export function adviceOn(graph: PlatformGraph, finding: GraphFinding): string {
  const { culprit } = finding;
  const consumer = graph.nameOf(culprit.consumer);
  const input = packageOf(graph.nameOf(culprit.input));
  const [here, there] = [graph.targetOf(culprit.consumer).text, graph.targetOf(culprit.input).text];
  if (finding.rule === "foreign-derivation")
    return `'${consumer}' alone says system = "${here}": take it from the package set of ${there}, or leave 'system' out.`;
  if (finding.rule === "cross-leak")
    return `Take '${input}' from the package set that '${consumer}' is compiled for (pkgs, not buildPackages): or list it in nativeBuildInputs if it only runs while building.`;
  return `${placeOf(graph, finding)} ${wayIn(there)}`;
}

/** Where in a configuration the input is asked for. */
function placeOf(graph: PlatformGraph, { crossings }: GraphFinding): string {
  for (const { consumer, input } of crossings) {
    const option = packageOptionOf(graph.nameOf(consumer), packageOf(graph.nameOf(input)));
    if (option) return `Look at ${option}: it holds a package of another platform.`;
  }
  const { consumer, input, attribute } = crossings[0]!;
  const name = graph.nameOf(consumer);
  const what = packageOf(graph.nameOf(input));
  const option = optionOf(name);
  if (option) return `Look at ${option}: '${what}' in it is of another platform.`;
  const owner = GATHERED.exec(name)?.[1];
  if (owner)
    return `Look at where '${owner}' is made or overridden ('${owner}.override { ${what} = …; }', services.${owner}.package): the '${what}' that it gets is of another platform.`;
  const where = attribute === undefined ? "" : ` (${attribute})`;
  return `Look at where '${packageOf(name)}' is made or overridden: the '${what}' that it gets${where} is of another platform.`;
}

function wayIn(platform: string): string {
  return `Take it from the same package set as the rest. Usual ways in: 'import nixpkgs { system = "${platform}"; }', 'packages.${platform}' or 'legacyPackages.${platform}' of a flake, and builtins.currentSystem.`;
}

/** The option for the package itself, such as `nix.package`, where a file of its service names it. */
function packageOptionOf(consumer: string, input: string): string | undefined {
  if (input === "nix" && NIX_FILES.test(consumer)) return "nix.package";
  const service = /^(?:unit-(?:script-)?|X-Restart-Triggers-)([a-zA-Z0-9_]+)/.exec(consumer)?.[1];
  return service !== undefined && service === input.replaceAll("-", "_").split("_")[0]
    ? `services.${service}.package`
    : undefined;
}

/** Such as `hydra-perl-deps`. */
const GATHERED = /^(.+?)-(?:perl-deps|deps|env|wrapper|wrapped)$/;

/** What the NixOS module of Nix itself writes. */
const NIX_FILES = /^(nix\.conf|unit-nix-daemon\.|unit-(script-)?nix-(gc|optimise))/;

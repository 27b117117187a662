import assert from "node:assert/strict";
import { test } from "node:test";
import { pictureOf } from "#audit/report/picture.ts";
import { pictureToDot } from "#audit/report/report-dot.ts";
import { reportToJson } from "#audit/report/report-json.ts";
import { reportToSarif } from "#audit/report/report-sarif.ts";
import { pictureToSvg } from "#audit/report/report-svg.ts";
import { applyWaivers } from "#audit/waiver/apply-waivers.ts";
import { parseWaivers } from "#audit/waiver/parse-waivers.ts";
import { GraphRig } from "../graph/graph-rig.ts";

async function report() {
  const rig = new GraphRig();
  rig.derive("nix-2.34.7", { system: "x86_64-darwin" });
  rig.derive("hydra-perl-deps", { system: "x86_64-linux", takes: { paths: ["nix-2.34.7"] } });
  rig.derive("system-path", { system: "x86_64-linux", takes: { paths: ["nix-2.34.7", "hydra-perl-deps"] } });
  return await rig.audit("system-path");
}

interface Sarif {
  readonly version: string;
  readonly runs: readonly {
    readonly tool: {
      readonly driver: { readonly name: string; readonly rules: readonly { readonly id: string }[] };
    };
    readonly results: readonly Result[];
  }[];
}

interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly locations: readonly {
    readonly physicalLocation: { readonly artifactLocation: { readonly uri: string } };
    readonly logicalLocations: readonly { readonly name: string }[];
  }[];
  readonly relatedLocations: readonly unknown[];
  readonly codeFlows: readonly {
    readonly threadFlows: readonly { readonly locations: readonly unknown[] }[];
  }[];
  readonly suppressions?: readonly { readonly kind: string; readonly justification: string }[];
}

test("SARIF has what its schema demands, the culprit's place and the way to it", async () => {
  const sarif = reportToSarif(await report(), "1.2.3") as Sarif;
  assert.equal(sarif.version, "2.1.0");
  const [run] = sarif.runs;
  assert.equal(run!.tool.driver.name, "elsewhere audit");
  const [result] = run!.results;
  assert.equal(run!.tool.driver.rules[result!.ruleIndex]!.id, result!.ruleId);
  assert.equal(result!.level, "error");
  assert.match(result!.message.text, /^nix-2\.34\.7 is for x86_64-darwin/);
  assert.match(
    result!.locations[0]!.physicalLocation.artifactLocation.uri,
    /^file:\/\/\/nix\/store\/\w{32}-hydra-perl-deps\.drv$/,
  );
  assert.equal(result!.locations[0]!.logicalLocations[0]!.name, "hydra-perl-deps");
  assert.equal(result!.relatedLocations.length, 1);
  assert.equal(result!.codeFlows[0]!.threadFlows[0]!.locations.length, 3);
});

test("SARIF tells what is waived as suppressed", async () => {
  const waivers = parseWaivers('[[waiver]]\ninput = "nix-*"\nreason = "emulated"', "test");
  const sarif = reportToSarif(applyWaivers(await report(), waivers).report, "1") as Sarif;
  assert.deepEqual(sarif.runs[0]!.results[0]!.suppressions, [
    { kind: "external", justification: "emulated" },
  ]);
});

test("JSON holds the findings and the waivers that nothing needed", async () => {
  const unused = parseWaivers('[[waiver]]\ninput = "git"\nreason = "x"', "test");
  const json = JSON.parse(JSON.stringify(reportToJson(await report(), unused)));
  assert.equal(json.version, 1);
  assert.deepEqual(json.platforms, { "x86_64-linux": 2, "x86_64-darwin": 1 });
  assert.equal(json.findings[0].edges[0].consumer.name, "hydra-perl-deps");
  assert.equal(json.unusedWaivers[0].input, "git");
});

test("a picture puts each after all that lead to it, and shows every fault", async () => {
  const picture = pictureOf(await report());
  const column = (name: string) => picture.nodes.find((node) => node.name === name)!.column;
  assert.deepEqual(["system-path", "hydra-perl-deps", "nix-2.34.7"].map(column), [0, 1, 2]);
  assert.equal(picture.edges.filter(({ isFault }) => isFault).length, 2);
  assert.equal(picture.edges.length, 3);
});

test("pictures are Graphviz and SVG, whatever the names hold", async () => {
  const picture = pictureOf(await report());
  const odd = { ...picture, nodes: picture.nodes.map((node) => ({ ...node, platform: '<"&\\> linux' })) };
  const dot = pictureToDot(odd);
  assert.match(dot, /^digraph audit \{/);
  assert.ok(dot.includes('\\n<\\"&\\\\> linux'));
  const svg = pictureToSvg(odd);
  assert.ok(svg.includes("&lt;&quot;&amp;\\&gt; linux"));
  assert.equal(svg.match(/marker-end="url\(#fault\)"/g)!.length, 2);
  assert.doesNotMatch(svg, /NaN|undefined/);
});

test("a picture of nothing is one too", async () => {
  const rig = new GraphRig();
  rig.derive("hello", { system: "x86_64-linux" });
  const svg = pictureToSvg(pictureOf(await rig.audit("hello")));
  assert.match(svg, /^<svg /);
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
});

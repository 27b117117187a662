import assert from "node:assert/strict";
import { test } from "node:test";
import type { BasicDerivation } from "#nix/derivation.ts";
import { parseDerivation } from "#nix/derivation-aterm.ts";
import { derivationFromJson } from "#nix/derivation-json.ts";
import { type DerivationOptions, type OutputChecks, requiredFeatures } from "#nix/derivation-options.ts";
import type { ReferenceTarget } from "#nix/derivation-reference.ts";
import { derivationOptions } from "#nix/read-derivation-options.ts";
import { DEFAULT_STORE_DIR as STORE } from "#nix/store-path.ts";
import { withoutShared } from "#rig/shared.ts";
import { readGolden, readGoldenJson } from "./golden-derivation.ts";

const FOLDER = "libstore/derivation";
const CASES = [
  ["ia", "advanced-attributes", "all_set"],
  ["ia", "advanced-attributes-defaults", "defaults"],
  ["ia", "advanced-attributes-structured-attrs", "structuredAttrs_all_set"],
  ["ia", "advanced-attributes-structured-attrs-defaults", "structuredAttrs_defaults"],
  ["ca", "advanced-attributes", "all_set"],
  ["ca", "advanced-attributes-structured-attrs", "structuredAttrs_all_set"],
] as const;

for (const [kind, name, golden] of CASES)
  test(`${kind}/${name} has the options of ${golden}`, { skip: withoutShared }, () => {
    const drv = parseDerivation(STORE, readGolden(`${FOLDER}/${kind}/${name}.drv`), name);
    const expected = JSON.parse(readGolden(`${FOLDER}/${kind}/derivation-options/${golden}.json`).toString());
    assert.deepEqual(showOptions(derivationOptions(STORE, drv)), sortReferences(expected));
  });

for (const name of ["export-ref-subpath", "export-ref-subpath-sa"])
  for (const when of ["before", "resolved"])
    test(`${name} ${when} resolution: what lies in an exported path stands for the path`, {
      skip: withoutShared,
    }, () => {
      const drv = derivationFromJson(STORE, readGoldenJson(`${FOLDER}/try-resolve/${name}-${when}.json`));
      const expected = JSON.parse(
        readGolden(`${FOLDER}/try-resolve/${name}-${when}-options.json`).toString(),
      );
      assert.deepEqual(showOptions(derivationOptions(STORE, drv)), sortReferences(expected));
    });

test("outputs whose paths are not known need ca-derivations", { skip: withoutShared }, () => {
  const name = "advanced-attributes";
  const drv = parseDerivation(STORE, readGolden(`${FOLDER}/ca/${name}.drv`), name);
  const features = requiredFeatures(drv, derivationOptions(STORE, drv));
  assert.deepEqual(features, ["ca-derivations", "rainbow", "uid-range"]);
});

test("only '1' is true in the environment", () => {
  const options = withEnvironment({ preferLocalBuild: "true", allowSubstitutes: "0", __noChroot: "1" });
  assert.equal(options.preferLocalBuild, false);
  assert.equal(options.allowSubstitutes, false);
  assert.equal(options.noChroot, true);
});

test("an empty list of allowed references is not the absence of one", () => {
  const { outputChecks } = withEnvironment({ allowedReferences: "", passAsFile: " a  b " });
  assert.ok(outputChecks.kind === "all");
  assert.deepEqual(outputChecks.checks.allowedReferences, []);
  assert.equal(outputChecks.checks.allowedRequisites, undefined);
});

test("with structured attributes the environment does not count", () => {
  const options = withEnvironment({ __json: '{"requiredSystemFeatures":["kvm"]}', preferLocalBuild: "1" });
  assert.equal(options.preferLocalBuild, false);
  assert.deepEqual(options.requiredSystemFeatures, ["kvm"]);
});

for (const json of [
  "[]",
  "{",
  '{"preferLocalBuild":"1"}',
  '{"requiredSystemFeatures":"kvm"}',
  '{"outputChecks":{"out":{"maxSize":-1}}}',
])
  test(`structured attributes ${json} are refused`, () => {
    assert.throws(() => withEnvironment({ __json: json }), /structured attributes of derivation 'x'/);
  });

test("an exported graph without a path is refused", () => {
  assert.throws(() => withEnvironment({ exportReferencesGraph: "a" }), /want pairs/);
});

function withEnvironment(env: Record<string, string>): DerivationOptions {
  const drv: BasicDerivation = {
    name: "x",
    outputs: new Map(),
    inputSources: [],
    system: "",
    builder: "",
    args: [],
    env: new Map(Object.entries(env)),
  };
  return derivationOptions(STORE, drv);
}

/** The form of the reference implementation's test data. */
function showOptions(options: DerivationOptions): unknown {
  const {
    outputChecks: checks,
    allowLocalNetworking,
    allowSubstitutes,
    noChroot,
    preferLocalBuild,
  } = options;
  return sortReferences({
    additionalSandboxProfile: options.additionalSandboxProfile,
    allowLocalNetworking,
    allowSubstitutes,
    exportReferencesGraph: mapValues(options.exportReferencesGraph, (targets) => targets.map(showTarget)),
    impureEnvVars: options.impureEnvVars,
    impureHostDeps: options.impureHostDeps,
    noChroot,
    outputChecks:
      checks.kind === "all"
        ? { forAllOutputs: showChecks(checks.checks) }
        : { perOutput: mapValues(checks.checks, showChecks) },
    passAsFile: [...options.passAsFile],
    preferLocalBuild,
    requiredSystemFeatures: options.requiredSystemFeatures,
    unsafeDiscardReferences: mapValues(options.unsafeDiscardReferences, (flag) => flag),
  });
}

function showChecks(checks: OutputChecks): unknown {
  return {
    allowedReferences: checks.allowedReferences?.map(showTarget) ?? null,
    allowedRequisites: checks.allowedRequisites?.map(showTarget) ?? null,
    disallowedReferences: checks.disallowedReferences.map(showTarget),
    disallowedRequisites: checks.disallowedRequisites.map(showTarget),
    ignoreSelfRefs: checks.ignoreSelfReferences,
    maxClosureSize: checks.closureSizeMax ?? null,
    maxSize: checks.sizeMax ?? null,
  };
}

function showTarget(target: ReferenceTarget): unknown {
  if (target.kind === "path") return target.path;
  if (target.kind === "own-output") return { drvPath: "self", output: target.outputName };
  return target.outputNames.reduce<unknown>((drvPath, output) => ({ drvPath, output }), target.drvPath);
}

function mapValues<V>(map: ReadonlyMap<string, V>, show: (value: V) => unknown): Record<string, unknown> {
  return Object.fromEntries([...map].map(([key, value]) => [key, show(value)]));
}

/** The test data has them as sets. */
function sortReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => JSON.stringify(item)).sort();
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sortReferences(inner)]));
}

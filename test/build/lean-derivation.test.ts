import assert from "node:assert/strict";
import { test } from "node:test";
import { allowsSubstitutes, requirementOf } from "#build/engine/plan/requirement-of.ts";
import { LeanDerivations } from "#build/input/lean-derivation.ts";
import type { Derivation } from "#nix/derivation.ts";
import { parseStorePathBaseName } from "#nix/store-path.ts";

const path = parseStorePathBaseName("00000000000000000000000000000000-tool.drv");
const input = parseStorePathBaseName("11111111111111111111111111111111-input.drv");
const whole: Derivation = {
  name: "tool",
  outputs: new Map([["out", { kind: "deferred" }]]),
  inputDerivations: new Map([[input, { outputs: ["out"], dynamic: new Map() }]]),
  inputSources: [],
  system: "x86_64-linux",
  builder: "/bin/sh",
  args: ["-c", "true"],
  env: new Map([
    ["allowSubstitutes", ""],
    ["requiredSystemFeatures", "kvm"],
  ]),
};

test("a lean derivation says all that the whole one does", () => {
  const lean = new LeanDerivations(() => whole).lean(path, whole);
  assert.deepEqual({ ...lean }, whole);
});

test("planning with a lean derivation reads nothing again", () => {
  const lean = new LeanDerivations(() => assert.fail("read again")).lean(path, whole);
  assert.deepEqual(requirementOf(lean).features, ["ca-derivations", "kvm"]);
  assert.equal(allowsSubstitutes(lean), false);
  assert.deepEqual([...lean.inputDerivations.keys()], [input]);
});

test("arguments and environment of a derivation are read again together", () => {
  let reads = 0;
  const read = () => {
    reads++;
    return whole;
  };
  const lean = new LeanDerivations(read).lean(path, whole);
  assert.deepEqual([lean.args, lean.env], [whole.args, whole.env]);
  assert.equal(reads, 1);
});

test("what a derivation's options have wrong is said when they are asked for", () => {
  const faulty = { ...whole, env: new Map([["__json", "{"]]) };
  const lean = new LeanDerivations(() => faulty).lean(path, faulty);
  assert.throws(() => requirementOf(lean));
});

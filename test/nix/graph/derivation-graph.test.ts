import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDerivation } from "#nix/derivation-aterm.ts";
import { DerivationGraph } from "#nix/graph/derivation-graph.ts";
import { inputsFirst } from "#nix/graph/inputs-first.ts";
import { parseStorePathBaseName, DEFAULT_STORE_DIR as STORE, type StorePath } from "#nix/store-path.ts";

const pathOf = (name: string): StorePath => parseStorePathBaseName(`${"0".repeat(32)}-${name}.drv`);

/** A derivation that needs `out` of each of `inputs`, in order. */
function derivation(
  name: string,
  inputs: readonly string[] = [],
  env = "",
): ReturnType<typeof parseDerivation> {
  const list = [...inputs].sort().map((input) => `("${STORE}/${pathOf(input)}",["dev","out"])`);
  const text = `Derive([("out","${STORE}/${"1".repeat(32)}-${name}","","")],[${list}],["${STORE}/${"2".repeat(32)}-src"],"x86_64-linux","b",[],[${env}])`;
  return parseDerivation(STORE, text, name);
}

test("a graph tells what its derivations are, in whatever order they came", () => {
  const graph = new DerivationGraph(STORE);
  const env =
    '("allowSubstitutes",""),("preferLocalBuild","1"),("requiredSystemFeatures","kvm big-parallel")';
  const top = graph.add(pathOf("top"), derivation("top", ["left", "right"], env));
  assert.deepEqual(graph.missing(), [pathOf("left"), pathOf("right")]);
  for (const side of ["right", "left"]) graph.add(pathOf(side), derivation(side, ["base"]));
  const base = graph.add(pathOf("base"), derivation("base"));
  assert.deepEqual(graph.missing(), []);
  assert.equal(graph.edgeCount, 4);
  assert.deepEqual(graph.featuresOf(top), ["big-parallel", "kvm"]);
  assert.equal(graph.prefersLocalBuild(top), true);
  assert.equal(graph.allowsSubstitutes(top), false);
  assert.equal(graph.prefersLocalBuild(base), false);
  assert.equal(graph.allowsSubstitutes(base), true);
  assert.equal(graph.typeOf(base), "input-addressed");
  assert.deepEqual([...graph.dependantsOf(base)].map((id) => graph.nameOf(id)).sort(), ["left", "right"]);
  const left = graph.find(pathOf("left"))!;
  assert.deepEqual(graph.inputsOf(left), [{ id: base, outputs: ["dev", "out"] }]);
  assert.deepEqual([...graph.topologicalOrder()].map((id) => graph.nameOf(id)).at(-1), "top");
});

test("adding a derivation again changes nothing", () => {
  const graph = new DerivationGraph(STORE);
  const id = graph.add(pathOf("a"), derivation("a"));
  assert.equal(graph.add(pathOf("a"), derivation("a", ["b"])), id);
  assert.deepEqual(graph.inputsOf(id), []);
});

test("malformed options are the fault of one node, not of the graph", () => {
  const graph = new DerivationGraph(STORE);
  const bad = graph.add(pathOf("bad"), derivation("bad", [], '("__json","[]")'));
  const good = graph.add(pathOf("good"), derivation("good"));
  assert.match(graph.faultOf(bad)!.message, /structured attributes of derivation 'bad'/);
  assert.equal(graph.faultOf(good), undefined);
  assert.deepEqual(graph.featuresOf(bad), []);
});

test("a cycle is an error that names a derivation on it", () => {
  const graph = new DerivationGraph(STORE);
  graph.add(pathOf("a"), derivation("a", ["b"]));
  graph.add(pathOf("b"), derivation("b", ["a"]));
  assert.throws(() => graph.topologicalOrder(), { code: "DERIVATION_CYCLE" });
  const read = (path: StorePath) => ({
    derivation: path === pathOf("a") ? derivation("a", ["b"]) : derivation("b", ["a"]),
  });
  assert.throws(() => [...inputsFirst([pathOf("a")], read)], { code: "DERIVATION_CYCLE" });
});

test("a chain of 20,000 is walked without recursion", () => {
  const read = (path: StorePath) => {
    const index = Number(/-(\d+)\.drv$/.exec(path)![1]);
    return { derivation: derivation(String(index), index > 0 ? [String(index - 1)] : []) };
  };
  const graph = new DerivationGraph(STORE);
  for (const [path, node] of inputsFirst([pathOf("19999")], read)) graph.add(path, node.derivation);
  assert.equal(graph.size, 20_000);
  assert.deepEqual(
    [...graph.topologicalOrder()],
    Array.from({ length: 20_000 }, (_, id) => id),
  );
});

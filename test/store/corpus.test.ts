import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { asBuffer, decodeText, encodeText } from "#base/text.ts";
import type { Derivation } from "#nix/derivation.ts";
import { formatDerivation, parseDerivation } from "#nix/derivation-aterm.ts";
import { outputPaths } from "#nix/derivation-hash.ts";
import { DerivationHasher } from "#nix/derivation-hasher.ts";
import { derivationsFromJson, derivationsToJson } from "#nix/derivation-json.ts";
import { staticOutputPaths } from "#nix/derivation-output.ts";
import { DerivationGraph } from "#nix/graph/derivation-graph.ts";
import { inputsFirst } from "#nix/graph/inputs-first.ts";
import { formatJson, parseJson } from "#nix/json-text.ts";
import {
  nameOf,
  parseStorePathBaseName,
  DEFAULT_STORE_DIR as STORE,
  type StorePath,
} from "#nix/store-path.ts";
import { withoutShared } from "#rig/shared.ts";
import { FolderDrvSource, loadDerivationGraph, readFolderDerivation } from "#store/drv-source.ts";
import { corpusNames, unpackCorpus } from "./corpus.ts";

for (const name of corpusNames())
  test(`every derivation of ${name} prints as it was, and its path and outputs come out as stated`, () => {
    using corpus = unpackCorpus(name);
    const source = new FolderDrvSource(corpus.drvs);
    const hasher = new DerivationHasher(STORE);
    const graph = new DerivationGraph(STORE);
    const topo = readTopo(corpus.folder);
    const read = (path: StorePath) => readFolderDerivation(STORE, source, path);
    for (const [path, { derivation, contents }] of inputsFirst(topo, read)) {
      assert.ok(encodeText(formatDerivation(STORE, derivation)).equals(asBuffer(contents)), path);
      hasher.verify(path, derivation, contents);
      graph.add(path, derivation);
    }
    assert.equal(graph.size, readdirSync(corpus.drvs).length);
    assert.deepEqual(graph.missing(), []);
    checkOrder(graph, topo);
    checkFacts(graph, topo, read);
  });

test("Nix's own JSON of the edge cases is what we show, and reads back to the same files", {
  skip: withoutShared,
}, () => {
  using corpus = unpackCorpus("edge-cases");
  const text = decodeText(readFileSync(`${corpus.folder}/derivation-show.json`)).trimEnd();
  const drvs = new Map<StorePath, Derivation>();
  for (const [key, drv] of derivationsFromJson(STORE, parseJson(text, "derivation-show.json"))) {
    const path = parseStorePathBaseName(key);
    const contents = readFileSync(`${corpus.drvs}/${path}`);
    assert.equal(formatDerivation(STORE, drv), decodeText(contents));
    drvs.set(path, parseDerivation(STORE, contents, nameOf(path).replace(/\.drv$/, "")));
  }
  assert.equal(formatJson(derivationsToJson(STORE, drvs)), text);
});

test("a chain of 2,001 derivations is hashed and loaded from its end", { skip: withoutShared }, async () => {
  using corpus = unpackCorpus("edge-cases");
  const source = new FolderDrvSource(corpus.drvs);
  const end = parseStorePathBaseName("jc6fnvqrv8sfdvci4lc0c0nwcx6mz1xf-chain-1999.drv");
  const read = (path: StorePath) => readFolderDerivation(STORE, source, path).derivation;
  const hasher = new DerivationHasher(STORE, read);
  const drv = read(end);
  assert.deepEqual(outputPaths(STORE, drv, hasher.hashOf), staticOutputPaths(STORE, drv));
  const graph = await loadDerivationGraph(STORE, source, [end]);
  assert.equal(graph.size, 2001);
  assert.equal(graph.pathOf(graph.topologicalOrder()[2000]!), end);
});

function readTopo(folder: string): StorePath[] {
  return readFileSync(`${folder}/topo.txt`, "utf8").trimEnd().split("\n").map(parseStorePathBaseName);
}

/** Our order and the corpus's own are both orders of the same nodes. */
function checkOrder(graph: DerivationGraph, topo: readonly StorePath[]): void {
  for (const order of [topo.map((path) => graph.find(path)!), graph.topologicalOrder()]) {
    assert.equal(new Set(order).size, graph.size);
    const position = new Int32Array(graph.size);
    order.forEach((id, index) => {
      position[id] = index;
    });
    for (let id = 0; id < graph.size; id++)
      for (const input of graph.inputsOf(id))
        assert.ok(position[input.id]! < position[id]!, graph.pathOf(id));
  }
}

/** What the graph keeps of each hundredth derivation is what its file says. */
function checkFacts(
  graph: DerivationGraph,
  topo: readonly StorePath[],
  read: (path: StorePath) => { derivation: Derivation },
): void {
  for (let i = 0; i < topo.length; i += 100) {
    const { derivation } = read(topo[i]!);
    const id = graph.find(topo[i]!)!;
    assert.equal(graph.faultOf(id), undefined);
    assert.equal(graph.systemOf(id), derivation.system);
    assert.equal(graph.nameOf(id), derivation.name);
    assert.deepEqual(graph.outputsOf(id), staticOutputPaths(STORE, derivation));
    assert.deepEqual(graph.sourcesOf(id), derivation.inputSources);
    const inputs = graph.inputsOf(id).map(({ id: input }) => graph.pathOf(input));
    assert.deepEqual(inputs, [...derivation.inputDerivations.keys()]);
    for (const { id: input } of graph.inputsOf(id)) assert.ok(graph.dependantsOf(input).includes(id));
  }
}

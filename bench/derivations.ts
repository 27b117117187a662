import { readFileSync } from "node:fs";
import { parseDerivation } from "#nix/derivation-aterm.ts";
import { DerivationHasher } from "#nix/derivation-hasher.ts";
import { DerivationGraph } from "#nix/graph/derivation-graph.ts";
import { inputsFirst } from "#nix/graph/inputs-first.ts";
import { encodeNix32 } from "#nix/nix32.ts";
import { parseStorePathBaseName, DEFAULT_STORE_DIR as STORE, type StorePath } from "#nix/store-path.ts";
import { sharedDir } from "#rig/shared.ts";
import { FolderDrvSource, readFolderDerivation } from "#store/drv-source.ts";
import { unpackCorpus } from "../test/store/corpus.ts";

/** Reads, parses and checks every path of a real machine's 9,212 derivations. `nix derivation show -r` takes 1.5 s. */
function benchFleet(): void {
  using corpus = unpackCorpus("fleet-x86_64-linux");
  const root = readFileSync(`${corpus.folder}/root.txt`, "utf8").trim().split("/").at(-1)!;
  const start = performance.now();
  const source = new FolderDrvSource(corpus.drvs);
  const hasher = new DerivationHasher(STORE);
  const read = (path: StorePath) => readFolderDerivation(STORE, source, path);
  let count = 0;
  for (const [path, { derivation, contents }] of inputsFirst([parseStorePathBaseName(root)], read)) {
    hasher.verify(path, derivation, contents);
    count++;
  }
  report(`fleet: ${count} derivations read, parsed, every path checked`, start);
}

/** A graph of 150,000 derivations of ordinary size, about seven inputs each. */
function benchSyntheticGraph(): void {
  const start = performance.now();
  const graph = new DerivationGraph(STORE);
  for (let index = 0; index < SYNTHETIC_SIZE; index++)
    graph.add(syntheticPath(index), parseDerivation(STORE, syntheticText(index), `package-${index}`));
  report(`synthetic: ${graph.size} nodes, ${graph.edgeCount} edges added`, start);
  const ordering = performance.now();
  report(`synthetic: ${graph.topologicalOrder().length} nodes ordered`, ordering);
}

function syntheticText(index: number): string {
  const inputs = new Set<StorePath>();
  for (let i = 1; i <= EDGES_EACH && i <= index; i++) inputs.add(syntheticPath(Math.floor(index / (i + 1))));
  const list = [...inputs].sort().map((path) => `("${STORE}/${path}",["dev","out"])`);
  const out = `${STORE}/${syntheticPath(index).slice(0, -".drv".length)}`;
  const outputs = ["dev", "out"].map((name) => `("${name}","${out}-${name}","","")`);
  const env = Array.from({ length: 30 }, (_, i) => `("variable${10 + i}","${"value ".repeat(15)}")`);
  return `Derive([${outputs}],[${list}],["${STORE}/${"0".repeat(32)}-builder.sh"],"x86_64-linux","/bin/sh",["-e"],[${env}])`;
}

function syntheticPath(index: number): StorePath {
  const bytes = new Uint8Array(20);
  new DataView(bytes.buffer).setUint32(16, Math.imul(index, 0x9e3779b1));
  return parseStorePathBaseName(`${encodeNix32(bytes)}-package-${index}.drv`);
}

function report(what: string, startMs: number): void {
  const seconds = ((performance.now() - startMs) / 1000).toFixed(2);
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(`${what}: ${seconds} s, peak memory ${peakMb} MB`);
}

const SYNTHETIC_SIZE = 150_000;
const EDGES_EACH = 7;

if (sharedDir) benchFleet();
else console.log("fleet: left out, the golden data is not beside this checkout");
benchSyntheticGraph();

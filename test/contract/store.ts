import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type TestContext, test } from "node:test";
import type { PathInfo } from "#nix/path-info.ts";
import { parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import { copyClosure } from "#store/copy.ts";
import type { IncomingPath, Store } from "#store/store.ts";
import {
  bytesOf,
  chainOf,
  fileSample,
  incoming,
  makeStore,
  narOfFile,
  type Sample,
  streamOf,
} from "../store/local/local-rig.ts";

export interface StoreContract {
  /** Of the kind of store, before the name of each test. */
  readonly name: string;
  /** Why none of it can run here. */
  readonly skip: string | false;
  /** An empty store that trusts the caller, gone with the test. */
  readonly open: (t: TestContext) => Promise<Store>;
}

/** What every store does, whatever lies behind it. */
export function testStore({ name, skip, open }: StoreContract): void {
  const story = (title: string, tell: (store: Store, t: TestContext) => Promise<void>) =>
    test(`${name}: ${title}`, { skip }, async (t) => tell(await open(t), t));

  story("knows what was added, and nothing else", async (store) => {
    const samples = chainOf(7, { fan: 1 });
    await add(store, samples);
    const infos = await store.queryPathInfos([...pathsOf(samples), NOWHERE]);
    assert.deepEqual(new Set(infos.keys()), new Set(pathsOf(samples)));
    for (const { info } of samples) {
      const found = infos.get(info.path)!;
      assert.deepEqual(found.references, info.references);
      assert.deepEqual(Buffer.from(found.narHash.digest), Buffer.from(info.narHash.digest));
      assert.equal(found.narSize, info.narSize);
    }
    assert.deepEqual(
      await store.queryValidPaths([NOWHERE, samples[3]!.info.path]),
      new Set([samples[3]!.info.path]),
    );
  });

  story("is asked about nothing, and knows nothing of it", async (store) => {
    assert.equal((await store.queryPathInfos([])).size, 0);
    assert.equal((await store.queryValidPaths([])).size, 0);
    assert.deepEqual(await store.queryClosure([]), []);
    await add(store, []);
  });

  story("gives a closure whole, references before referrers", async (store) => {
    const samples = chainOf(60, { fan: 3, seed: "closure" });
    await add(store, samples);
    const closure = await store.queryClosure([samples[40]!.info.path]);
    assert.deepEqual(new Set(closure.map(({ path }) => path)), new Set(pathsOf(samples.slice(0, 41))));
    const seen = new Set<StorePath>();
    for (const { path, references } of closure) {
      for (const reference of references) assert.ok(seen.has(reference), `${path} comes before ${reference}`);
      seen.add(path);
    }
  });

  story("refuses the closure of a path that it lacks, and goes on", async (store) => {
    await add(store, [fileSample("here", "here")]);
    await assert.rejects(store.queryClosure([NOWHERE]), { code: "INVALID_PATH" });
    assert.equal((await store.queryValidPaths([fileSample("here", "here").info.path])).size, 1);
  });

  story("gives NARs back byte for byte, alone and in a row", async (store) => {
    const samples = chainOf(40, { seed: "nars" });
    await add(store, samples);
    assert.deepEqual(await bytesOf(store.narFromPath(samples[4]!.info.path)), samples[4]!.nar);
    const expected = [...samples].reverse();
    let at = 0;
    for await (const { info, nar } of store.narsFromPaths(expected.map((sample) => sample.info))) {
      assert.equal(info.path, expected[at]!.info.path);
      assert.deepEqual(await bytesOf(nar), expected[at++]!.nar);
    }
    assert.equal(at, samples.length);
  });

  story("gives large NARs whole to those who keep no chunk", async (store) => {
    const samples = ["one", "two"].map((name) => fileSample(name, numbered(name, 250_000)));
    await add(store, samples);
    const infos = samples.map(({ info }) => info);
    let at = 0;
    for await (const { nar } of store.narsFromPaths(infos, { reuseChunks: true })) {
      const hasher = createHash("sha256");
      for await (const chunk of nar) hasher.update(chunk);
      assert.deepEqual(hasher.digest(), createHash("sha256").update(samples[at++]!.nar).digest());
    }
    assert.equal(at, samples.length);
  });

  story("refuses the NAR of a path that it lacks, and goes on", async (store) => {
    await assert.rejects(bytesOf(store.narFromPath(NOWHERE)), /not valid|does not exist/);
    assert.equal((await store.queryValidPaths([NOWHERE])).size, 0);
  });

  story("works on after a reader that left in the middle", async (store) => {
    const big = fileSample("big", "x".repeat(3_000_000));
    await add(store, [big, ...chainOf(20, { seed: "left" })]);
    for await (const _ of store.narFromPath(big.info.path)) break;
    for await (const { nar } of store.narsFromPaths([big.info, big.info])) {
      for await (const _ of nar) break;
      break;
    }
    assert.deepEqual(await bytesOf(store.narFromPath(big.info.path)), big.nar);
  });

  story("skips what it has, and takes the rest", async (store) => {
    const samples = chainOf(12, { seed: "again" });
    await add(store, samples.slice(0, 6));
    await add(store, samples);
    assert.equal((await store.queryValidPaths(pathsOf(samples))).size, 12);
  });

  story("refuses a NAR that is not what its hash says", async (store) => {
    const good = fileSample("good", "good");
    const lie: Sample = { info: fileSample("lie", "told").info, nar: narOfFile("meant") };
    await assert.rejects(add(store, [good, lie]), /hash mismatch/);
    assert.deepEqual(await store.queryValidPaths([good.info.path, lie.info.path]), new Set([good.info.path]));
  });

  story("refuses a path whose references it lacks", async (store) => {
    const orphan = fileSample("orphan", "orphan", [NOWHERE]);
    await assert.rejects(add(store, [orphan]));
    assert.equal((await store.queryValidPaths([orphan.info.path])).size, 0);
  });

  story("keeps what came whole when the stream breaks, and says what broke it", async (store) => {
    const samples = chainOf(6, { seed: "broken" });
    await assert.rejects(addFrom(store, breaking(samples, 3), samples), /the cable was cut/);
    const valid = await store.queryValidPaths(pathsOf(samples));
    assert.ok(valid.size <= 3 && !valid.has(samples[3]!.info.path));
    await add(store, samples);
    assert.equal((await store.queryValidPaths(pathsOf(samples))).size, 6);
  });

  story("refuses what is no NAR", async (store) => {
    const liar = fileSample("no-nar", "contents");
    const hostile = [
      Buffer.alloc(0),
      Buffer.from("not a nar at all, and long enough"),
      Buffer.alloc(4096, 0xff),
      liar.nar.subarray(0, liar.nar.length - 8),
    ];
    for (const nar of hostile) {
      await assert.rejects(add(store, [{ info: liar.info, nar }]));
      assert.equal((await store.queryValidPaths([liar.info.path])).size, 0);
    }
  });

  story("does many things at once", async (store) => {
    const families = Array.from({ length: 5 }, (_, at) => chainOf(8, { seed: `family ${at}` }));
    await Promise.all(families.map((samples) => add(store, samples)));
    const closures = await Promise.all(
      families.map((samples) => store.queryClosure([samples[7]!.info.path])),
    );
    assert.deepEqual(
      closures.map(({ length }) => length),
      [8, 8, 8, 8, 8],
    );
  });

  story("streams what is larger than memory should be", async (store) => {
    const size = 192 * 1024 * 1024;
    const { info, nar } = largePath(size);
    await store.addPaths(one({ info, nar: nar() }), { checkSignatures: false, paths: [info.path] });
    const before = process.memoryUsage.rss();
    let read = 0;
    for await (const chunk of store.narFromPath(info.path)) read += chunk.length;
    assert.equal(read, info.narSize);
    const grown = process.memoryUsage.rss() - before;
    assert.ok(grown < 96 * 1024 * 1024, `reading ${size} bytes took ${grown} bytes of memory`);
  });

  story("copies closures to and from itself, only what is missing", async (store, t) => {
    const { store: local } = await makeStore(t);
    const samples = chainOf(30, { seed: "copied", fan: 2 });
    await add(local, samples);
    const root = [samples.at(-1)!.info.path];
    await copyClosure(local, store, pathsOf(samples.slice(0, 10)), { checkSignatures: false });
    const sent = await copyClosure(local, store, root, { checkSignatures: false });
    assert.equal(sent.length, 20);
    assert.deepEqual(await copyClosure(local, store, root, { checkSignatures: false }), []);
    const { store: back } = await makeStore(t);
    const events: string[] = [];
    const onProgress = ({ kind }: { kind: string }) => events.push(kind);
    await copyClosure(store, back, root, { checkSignatures: false, onProgress });
    assert.equal((await back.queryValidPaths(pathsOf(samples))).size, 30);
    assert.equal(events[0], "planned");
    assert.equal(events.filter((kind) => kind === "path-finished").length, 30);
  });
}

const NOWHERE = parseStorePathBaseName(`${"0".repeat(32)}-nowhere`);

function pathsOf(samples: readonly Sample[]): StorePath[] {
  return samples.map(({ info }) => info.path);
}

/** By one request where the store can, and by one a path where it cannot know how many come: both must do. */
async function add(store: Store, samples: readonly Sample[]): Promise<void> {
  const half = samples.length >> 1;
  await store.addPaths(incoming(samples.slice(0, half)), { checkSignatures: false });
  await addFrom(store, incoming(samples.slice(half)), samples.slice(half));
}

async function addFrom(
  store: Store,
  paths: AsyncIterable<IncomingPath>,
  samples: readonly Sample[],
): Promise<void> {
  await store.addPaths(paths, { checkSignatures: false, paths: samples.map(({ info }) => info.path) });
}

async function* breaking(samples: readonly Sample[], at: number): AsyncGenerator<IncomingPath> {
  yield* incoming(samples.slice(0, at));
  yield { info: samples[at]!.info, nar: cut(samples[at]!.nar) };
}

async function* cut(nar: Buffer): AsyncGenerator<Uint8Array> {
  yield* streamOf(nar.subarray(0, 16));
  throw new Error("the cable was cut");
}

async function* one(path: IncomingPath): AsyncGenerator<IncomingPath> {
  yield path;
}

/** A path of one large file, that is never in memory whole. */
function largePath(size: number): { info: PathInfo; nar: () => AsyncGenerator<Uint8Array> } {
  const [head, tail] = frameOfFile(size);
  const block = Buffer.alloc(1 << 20, "a large file, line after line\n");
  async function* nar(): AsyncGenerator<Uint8Array> {
    yield head;
    for (let left = size; left > 0; left -= block.length)
      yield block.subarray(0, Math.min(left, block.length));
    yield tail;
  }
  const hash = createHash("sha256").update(head);
  for (let left = size; left > 0; left -= block.length)
    hash.update(block.subarray(0, Math.min(left, block.length)));
  const narHash = { algorithm: "sha256" as const, digest: hash.update(tail).digest() };
  const narSize = head.length + size + tail.length;
  const { info } = fileSample("large", `${size}`);
  return { info: { ...info, narHash, narSize }, nar };
}

/** What goes before and after the contents of a single file, whose size is a multiple of eight. */
function frameOfFile(size: number): [Buffer, Buffer] {
  const empty = narOfFile("");
  const lengthAt = empty.lastIndexOf(Buffer.from("contents")) + 8;
  const head = Buffer.from(empty.subarray(0, lengthAt + 8));
  head.writeBigUInt64LE(BigInt(size), lengthAt);
  return [head, empty.subarray(lengthAt + 8)];
}

/** A text of so many lines, each of which tells where it is. */
function numbered(name: string, count: number): string {
  return Array.from({ length: count }, (_, line) => `${name} ${line}\n`).join("");
}

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import {
  createReadStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { sha256 } from "#nix/hash.ts";
import { words } from "#nix/nar/grammar.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { makeSecretKey, publicKeyOf, TrustedKeys } from "#nix/signature.ts";
import { validSignatures } from "#nix/signature-fingerprint.ts";
import { DEFAULT_STORE_DIR, parseStoreDir, parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import { parseStoreReference } from "#nix/store-reference.ts";
import { BinaryCacheStore } from "#store/binary-cache/binary-cache-store.ts";
import { FolderFiles } from "#store/binary-cache/folder-files.ts";
import { openNarInfoFile } from "#store/binary-cache/narinfo-file.ts";
import { openBinaryCache } from "#store/binary-cache/open-binary-cache.ts";

class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "elsewhere-cache-"));
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

const pathOf = (digit: string, name: string) => parseStorePathBaseName(`${digit.repeat(32)}-${name}`);
const narOf = (contents: string) => words("nix-archive-1", "(", "type", "regular", "contents", contents, ")");

function item(path: StorePath, contents: string, references: StorePath[] = []) {
  const nar = narOf(contents);
  const info: PathInfo = {
    path,
    narHash: sha256(nar),
    narSize: nar.length,
    references,
    registrationTime: 0,
    ultimate: false,
    signatures: [],
  };
  return { info, nar };
}

const A = item(pathOf("1", "a"), "I am a");
const B = item(pathOf("2", "b"), "I am b, of a".repeat(1000), [pathOf("1", "a"), pathOf("2", "b")]);

async function* incoming(...items: { info: PathInfo; nar: Buffer }[]) {
  for (const { info, nar } of items)
    yield {
      info,
      nar: (async function* () {
        yield nar;
      })(),
    };
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(source));
}

/** Serves a folder; counts requests; fails the first `failures` of them. */
async function serve(folder: string, failures = 0) {
  const requests: string[] = [];
  let left = failures;
  const server = createServer((request, response) => {
    requests.push(`${request.headers.authorization ?? ""}${request.url}`);
    const path = join(folder, request.url!);
    if (left-- > 0) response.writeHead(503).end();
    else if (existsSync(path)) createReadStream(path).pipe(response);
    else response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = (server.address() as AddressInfo).port;
  return {
    requests,
    url: `http://127.0.0.1:${port}`,
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const noWait = { now: () => 0, sleep: async () => undefined };

for (const compression of ["none", "zstd", "gzip", "br", "xz", "bzip2"])
  test(`what was added with ${compression} comes back from another opening, by http too`, async () => {
    using folder = new Folder();
    await using cache = openBinaryCache(
      parseStoreReference(`file://${folder.path}?compression=${compression}`),
    );
    await cache.addPaths(incoming(A, B));
    await using server = await serve(folder.path);
    for (const uri of [`file://${folder.path}`, server.url]) {
      await using back = openBinaryCache(parseStoreReference(uri));
      const closure = await back.queryClosure([B.info.path]);
      assert.deepEqual(
        closure.map(({ path }) => path),
        [A.info.path, B.info.path],
      );
      assert.deepEqual(closure[1]!.references, B.info.references);
      for await (const { info, nar } of back.narsFromPaths(closure))
        assert.deepEqual(await collect(nar), info.path === A.info.path ? A.nar : B.nar);
    }
    assert.deepEqual(
      readdirSync(join(folder.path, "nar")).filter((name) => name.startsWith(".")),
      [],
    );
  });

test("a path that lies there already is not written again, but its NAR is consumed", async () => {
  using folder = new Folder();
  await using cache = new BinaryCacheStore(new FolderFiles(folder.path));
  await cache.addPaths(incoming(A));
  await cache.addPaths(incoming({ ...A, nar: Buffer.from("never looked at") }, B));
  assert.equal((await cache.queryValidPaths([A.info.path, B.info.path])).size, 2);
});

test("a NAR that is not what its information says leaves nothing behind", async () => {
  using folder = new Folder();
  await using cache = new BinaryCacheStore(new FolderFiles(folder.path));
  await assert.rejects(cache.addPaths(incoming({ ...A, nar: narOf("I am another") })), {
    code: "HASH_MISMATCH",
  });
  const lying = { ...A, info: { ...A.info, narSize: 1 } };
  await assert.rejects(cache.addPaths(incoming(lying)), { code: "SIZE_MISMATCH" });
  assert.deepEqual(readdirSync(join(folder.path, "nar")), []);
  assert.equal((await cache.queryValidPaths([A.info.path])).size, 0);
});

test("a path whose reference is not there is refused", async () => {
  using folder = new Folder();
  await using cache = new BinaryCacheStore(new FolderFiles(folder.path));
  await assert.rejects(cache.addPaths(incoming(B)), { code: "MISSING_REFERENCE" });
});

test("what is added is signed where there is a key", async () => {
  using folder = new Folder();
  const secretKey = makeSecretKey("me-1", Buffer.alloc(32, 3));
  await using cache = new BinaryCacheStore(new FolderFiles(folder.path), { secretKey });
  await cache.addPaths(incoming(A));
  await using back = new BinaryCacheStore(new FolderFiles(folder.path));
  const [info] = await back.queryClosure([A.info.path]);
  const trusted = new TrustedKeys([publicKeyOf(secretKey)]);
  assert.equal(validSignatures(DEFAULT_STORE_DIR, info!, trusted).length, 1);
});

test("contents are added under the path that they make", async () => {
  using folder = new Folder();
  await using cache = new BinaryCacheStore(new FolderFiles(folder.path));
  const data = async function* () {
    yield Buffer.from("hello");
  };
  const content = { name: "x", algorithm: "sha256", references: [], dump: "flat" } as const;
  const text = await cache.addContent({ ...content, method: "text", data: data() });
  const flat = await cache.addContent({ ...content, method: "flat", data: data() });
  const nar = await cache.addContent({
    ...content,
    method: "nar",
    dump: "nar",
    data: (async function* () {
      yield narOf("hello");
    })(),
  });
  assert.equal(new Set([text.path, flat.path, nar.path]).size, 3);
  for (const { path } of [text, flat, nar])
    assert.deepEqual(await collect(cache.narFromPath(path)), narOf("hello"));
});

test("a path found absent is not asked for again until some time has passed", async () => {
  using folder = new Folder();
  await using server = await serve(folder.path);
  writeFileSync(join(folder.path, "nix-cache-info"), "StoreDir: /nix/store\n");
  let nowMs = 0;
  const clock = { ...noWait, now: () => nowMs };
  await using cache = openBinaryCache(parseStoreReference(server.url), { clock, absentMs: 1000 });
  const ask = () => cache.queryValidPaths([A.info.path]);
  await ask();
  await ask();
  assert.equal(server.requests.length, 2);
  nowMs = 1000;
  await ask();
  assert.equal(server.requests.length, 3);
});

test("what a server said is not asked again in the next run, unless it turns out not to be so", async () => {
  using folder = new Folder();
  await using server = await serve(folder.path);
  await using writer = openBinaryCache(parseStoreReference(`file://${folder.path}`));
  await writer.addPaths(incoming(A));
  const openMemory = () =>
    openNarInfoFile(join(folder.path, "memory.sqlite"), { presentMs: 60_000, absentMs: 60_000 });
  const paths = [A.info.path, B.info.path];
  const ask = async () => {
    await using cache = openBinaryCache(parseStoreReference(server.url), { openMemory });
    return [...(await cache.queryValidPaths(paths))];
  };
  assert.deepEqual(await ask(), [A.info.path]);
  const asked = () => server.requests.filter((request) => request.includes(".narinfo")).length;
  assert.equal(asked(), 2);
  assert.deepEqual(await ask(), [A.info.path]);
  assert.equal(asked(), 2);

  for (const name of readdirSync(join(folder.path, "nar"))) rmSync(join(folder.path, "nar", name));
  for (const name of readdirSync(folder.path)) if (name.endsWith(".narinfo")) rmSync(join(folder.path, name));
  await using cache = openBinaryCache(parseStoreReference(server.url), { openMemory });
  await assert.rejects(collect(cache.narFromPath(A.info.path)), { code: "CACHE_FILE" });
  assert.deepEqual(await ask(), []);
});

test("a server that fails is asked again, and not for ever", async () => {
  using folder = new Folder();
  await using writing = new BinaryCacheStore(new FolderFiles(folder.path));
  await writing.addPaths(incoming(A));
  await using server = await serve(folder.path, 3);
  await using patient = openBinaryCache(parseStoreReference(server.url), { clock: noWait });
  assert.equal((await patient.queryValidPaths([A.info.path])).size, 1);
  await using broken = await serve(folder.path, 99);
  await using hopeless = openBinaryCache(parseStoreReference(broken.url), { clock: noWait, attempts: 2 });
  await assert.rejects(hopeless.queryValidPaths([A.info.path]), {
    code: "CACHE_UNREACHABLE",
    message: /status 503/,
  });
  assert.equal(broken.requests.length, 2);
});

test("user and password in the URL are sent, and not shown", async () => {
  using folder = new Folder();
  writeFileSync(join(folder.path, "nix-cache-info"), "StoreDir: /nix/store\n");
  await using server = await serve(folder.path);
  await using cache = openBinaryCache(parseStoreReference(`http://me:se%40cret@127.0.0.1:${server.port}`));
  await cache.info();
  assert.equal(server.requests[0], `Basic ${Buffer.from("me:se@cret").toString("base64")}/nix-cache-info`);
  assert.equal(cache.uri.includes("cret"), false);
});

test("a cache of another store, or what is no cache, is refused", async () => {
  using folder = new Folder();
  await using server = await serve(folder.path);
  await using nothing = openBinaryCache(parseStoreReference(server.url), { clock: noWait });
  await assert.rejects(nothing.queryValidPaths([]), { code: "NO_CACHE" });
  writeFileSync(
    join(folder.path, "nix-cache-info"),
    "StoreDir: /gnu/store\nPriority: 40\nWantMassQuery: 1\n",
  );
  await using other = openBinaryCache(parseStoreReference(server.url));
  await assert.rejects(other.queryValidPaths([]), { code: "OTHER_STORE" });
  const storeDir = parseStoreDir("/gnu/store");
  await using right = openBinaryCache(parseStoreReference(server.url), { storeDir });
  assert.deepEqual(await right.info(), { storeDir, wantMassQuery: true, priority: 40 });
});

test("a NAR that unpacks to more, or less, than its narinfo says is cut off", async () => {
  using folder = new Folder();
  await using cache = openBinaryCache(parseStoreReference(`file://${folder.path}?compression=gzip`));
  await cache.addPaths(incoming(A));
  const [name] = readdirSync(join(folder.path, "nar"));
  const replace = (bytes: Buffer) => writeFileSync(join(folder.path, "nar", name!), bytes);
  replace(gzipSync(Buffer.alloc(100 * 1024 * 1024)));
  await assert.rejects(collect(cache.narFromPath(A.info.path)), { code: "LIMIT" });
  replace(gzipSync(A.nar.subarray(0, 50)));
  await assert.rejects(collect(cache.narFromPath(A.info.path)), { code: "END_OF_INPUT" });
  replace(brotliCompressSync(A.nar));
  await assert.rejects(collect(cache.narFromPath(A.info.path)), { code: "COMPRESSION" });
  replace(gzipSync(A.nar).subarray(0, -12));
  await assert.rejects(collect(cache.narFromPath(A.info.path)));
});

test("a narinfo of another path in a path's place is refused", async () => {
  using folder = new Folder();
  await using cache = new BinaryCacheStore(new FolderFiles(folder.path));
  await cache.addPaths(incoming(A));
  writeFileSync(
    join(folder.path, `${"2".repeat(32)}.narinfo`),
    readFileSync(join(folder.path, `${"1".repeat(32)}.narinfo`)),
  );
  await using back = new BinaryCacheStore(new FolderFiles(folder.path));
  await assert.rejects(back.queryValidPaths([B.info.path]), { code: "WRONG_NARINFO" });
});

test("a consumer that stops early leaves no process behind", async () => {
  using folder = new Folder();
  await using cache = openBinaryCache(parseStoreReference(`file://${folder.path}?compression=xz`));
  const big = item(pathOf("3", "big"), "x".repeat(5_000_000));
  await cache.addPaths(incoming(big));
  for await (const _ of cache.narFromPath(big.info.path)) break;
});

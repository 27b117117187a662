import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { makeContentAddressedPath, makeStorePath } from "#nix/content-address.ts";
import { sha256 } from "#nix/hash.ts";
import { NarWriter } from "#nix/nar/nar-writer.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { DEFAULT_STORE_DIR, type StorePath } from "#nix/store-path.ts";
import type { LocalStore } from "#store/local/local-store.ts";
import { openLocalStore } from "#store/local/open.ts";
import { removeTree } from "#store/local/scratch.ts";
import type { LocalStoreOptions } from "#store/local/settings.ts";
import type { IncomingPath } from "#store/store.ts";

/** A folder that goes with the test. */
export function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-local-"));
  t.after(() => removeTree(folder));
  return folder;
}

/** A store in a folder of its own, closed and deleted with the test. */
export async function makeStore(
  t: TestContext,
  options: LocalStoreOptions = {},
): Promise<{ store: LocalStore; root: string }> {
  const root = options.root ?? mkdtempSync(join(tmpdir(), "elsewhere-local-"));
  const store = await openLocalStore({ ...options, root });
  t.after(async () => {
    await store[Symbol.asyncDispose]();
    removeTree(root);
  });
  return { store, root };
}

/** A path whose contents are known. */
export interface Sample {
  readonly info: PathInfo;
  readonly nar: Buffer;
}

/** A file as a path of a store: input-addressed, unsigned. */
export function fileSample(name: string, contents: string, references: readonly StorePath[] = []): Sample {
  return sampleOf(name, narOfFile(contents), references);
}

/** A folder with an executable, a symlink and a file in a folder. */
export function folderSample(name: string, contents: string, references: readonly StorePath[] = []): Sample {
  const nar = narBy((writer) => {
    writer.enterDirectory("");
    writer.enterDirectory("bin");
    writeFile(writer, "tool", contents, true);
    writer.leaveDirectory();
    writer.symlink("link", "bin/tool");
    writeFile(writer, "notes", contents, false);
    writer.leaveDirectory();
  });
  return sampleOf(name, nar, references);
}

/** A file as a path whose name follows from its contents. */
export function addressedSample(name: string, contents: string): Sample {
  const { info, nar } = fileSample(name, contents);
  const contentAddress = { method: "nar", hash: info.narHash } as const;
  const path = makeContentAddressedPath(DEFAULT_STORE_DIR, name, contentAddress);
  return { info: { ...info, path, contentAddress }, nar };
}

/** Samples each of which refers to the one before, and to `fan` more before it. */
export function chainOf(
  count: number,
  { seed = "", fan = 0 }: { seed?: string; fan?: number } = {},
): Sample[] {
  const samples: Sample[] = [];
  for (let i = 0; i < count; i++) {
    const references = samples.slice(Math.max(0, i - 1 - fan), i).map(({ info }) => info.path);
    const make = i % 5 === 4 ? folderSample : fileSample;
    samples.push(make(`link-${i}`, `${seed}${i}\n`.repeat(1 + (i % 300)), references));
  }
  return samples;
}

export function narOfFile(contents: string | Buffer): Buffer {
  return narBy((writer) => writeFile(writer, "", contents, false));
}

/** As a stream would bring them. */
export async function* incoming(samples: Iterable<Sample>): AsyncGenerator<IncomingPath> {
  for (const { info, nar } of samples) yield { info, nar: streamOf(nar) };
}

export async function* streamOf(...chunks: (Buffer | string)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

export async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Adds samples as a trusted caller. */
export async function addAll(store: LocalStore, samples: Iterable<Sample>): Promise<void> {
  await store.addPaths(incoming(samples), { checkSignatures: false });
}

/** Undoes the read-only mode of a path in the store, to damage it. */
export function makeWritable(place: string): void {
  chmodSync(place, 0o644);
}

function sampleOf(name: string, nar: Buffer, references: readonly StorePath[]): Sample {
  const narHash = sha256(nar);
  const salt = createHash("sha256").update(nar).update(references.join(",")).digest();
  return {
    nar,
    info: {
      path: makeStorePath(DEFAULT_STORE_DIR, "output:out", { algorithm: "sha256", digest: salt }, name),
      narHash,
      narSize: nar.length,
      references: [...references].sort(),
      registrationTime: 0,
      ultimate: false,
      signatures: [],
    },
  };
}

function narBy(write: (writer: NarWriter) => void): Buffer {
  const chunks: Buffer[] = [];
  const writer = new NarWriter((chunk) => chunks.push(Buffer.from(chunk)), 4096);
  write(writer);
  writer.flush();
  return Buffer.concat(chunks);
}

function writeFile(writer: NarWriter, name: string, contents: string | Buffer, executable: boolean): void {
  const bytes = Buffer.from(contents);
  writer.beginFile(name, { executable, size: bytes.length, offset: 0 });
  writer.contents(bytes);
  writer.endFile();
}

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ByteSource } from "#base/byte-reader.ts";
import { ElsewhereError } from "#base/errors.ts";
import { encodeText } from "#base/text.ts";
import { type ContentAddress, makeContentAddressedPath } from "#nix/content-address.ts";
import { type Hash, sha256 } from "#nix/hash.ts";
import { NarWriter } from "#nix/nar/nar-writer.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { ReferenceScanner } from "#nix/reference-scan.ts";
import { hashPartOf, isDerivationPath, nameOf, type StoreDir, type StorePath } from "#nix/store-path.ts";
import { dumpPath } from "#store/nar/dump-path.ts";
import { hashPath } from "#store/nar/hash-path.ts";
import type { IncomingPath, Store } from "#store/store.ts";

/** What a folder store serves besides files: derivations that lie in no file. */
export interface DrvText {
  readonly text: string;
  readonly references: readonly StorePath[];
}

/**
 * Derivations and their sources as a store to copy from: texts in memory, and files in a folder named as in
 * a store. Contents that do not make the path they are named after are refused.
 */
export class FolderStore implements Store {
  readonly storeDir: StoreDir;
  readonly uri: string;
  readonly #folder: string;
  readonly #drvs: ReadonlyMap<StorePath, DrvText>;
  readonly #infos = new Map<StorePath, PathInfo | undefined>();
  readonly #known: () => Iterable<StorePath>;

  /** `known` lists every path that a source may refer to. */
  constructor(
    folder: string,
    storeDir: StoreDir,
    { drvs, known }: { drvs: ReadonlyMap<StorePath, DrvText>; known: () => Iterable<StorePath> },
  ) {
    this.uri = folder;
    this.storeDir = storeDir;
    this.#folder = folder;
    this.#drvs = drvs;
    this.#known = known;
  }

  async queryPathInfos(paths: Iterable<StorePath>): Promise<Map<StorePath, PathInfo>> {
    const infos = new Map<StorePath, PathInfo>();
    for (const path of paths) {
      if (!this.#infos.has(path)) this.#infos.set(path, await this.#inspect(path));
      const info = this.#infos.get(path);
      if (info) infos.set(path, info);
    }
    return infos;
  }

  async queryValidPaths(paths: Iterable<StorePath>): Promise<Set<StorePath>> {
    return new Set([...paths].filter((path) => this.#drvs.has(path) || existsSync(join(this.#folder, path))));
  }

  async queryClosure(paths: Iterable<StorePath>): Promise<PathInfo[]> {
    const found = new Map<StorePath, PathInfo>();
    const order: PathInfo[] = [];
    const stack = [...paths];
    const done = new Set<StorePath>();
    for (let path = stack.at(-1); path !== undefined; path = stack.at(-1)) {
      const info = found.get(path);
      if (info) {
        stack.pop();
        if (!done.has(path)) order.push(info);
        done.add(path);
        continue;
      }
      const fresh = (await this.queryPathInfos([path])).get(path);
      if (!fresh) throw this.#missing(path);
      found.set(path, fresh);
      for (const reference of fresh.references) if (!found.has(reference)) stack.push(reference);
    }
    return order;
  }

  async *narFromPath(path: StorePath): ByteSource {
    const drv = this.#drvs.get(path);
    if (drv) yield* narOfText(encodeText(drv.text));
    else yield* dumpPath(join(this.#folder, path));
  }

  async *narsFromPaths(infos: readonly PathInfo[]): AsyncGenerator<IncomingPath> {
    for (const info of infos) yield { info, nar: this.narFromPath(info.path) };
  }

  async addPaths(): Promise<never> {
    throw this.#readOnly();
  }

  async addContent(): Promise<never> {
    throw this.#readOnly();
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #inspect(path: StorePath): Promise<PathInfo | undefined> {
    const drv = this.#drvs.get(path);
    if (drv) {
      const contents = encodeText(drv.text);
      const nar = Buffer.concat([...narOfText(contents)]);
      const contentAddress = { method: "text", hash: sha256(contents) } as const;
      return infoOf(
        path,
        { hash: sha256(nar), size: nar.length },
        { contentAddress, references: drv.references },
      );
    }
    const file = join(this.#folder, path);
    if (isDerivationPath(path) || !existsSync(file)) return undefined;
    return await this.#inspectSource(path, file);
  }

  /** A source is either the hash of its NAR without references, or a text with those that occur in it. */
  async #inspectSource(path: StorePath, file: string): Promise<PathInfo> {
    const nar = await hashPath(file);
    const whole: ContentAddress = { method: "nar", hash: nar.hash };
    if (this.#makes(path, whole, [])) return infoOf(path, nar, { contentAddress: whole, references: [] });
    const contents = readFileSync(file);
    const scanner = new ReferenceScanner(this.#known());
    scanner.update(contents);
    const references = scanner.references.filter((reference) => hashPartOf(reference) !== hashPartOf(path));
    const text: ContentAddress = { method: "text", hash: sha256(contents) };
    if (this.#makes(path, text, references)) return infoOf(path, nar, { contentAddress: text, references });
    const flat: ContentAddress = { method: "flat", hash: sha256(contents) };
    if (this.#makes(path, flat, [])) return infoOf(path, nar, { contentAddress: flat, references: [] });
    throw new ElsewhereError(
      "SOURCE_CHANGED",
      `Cannot use '${file}': its contents do not make the path that it is named after`,
    );
  }

  #makes(path: StorePath, address: ContentAddress, others: readonly StorePath[]): boolean {
    return makeContentAddressedPath(this.storeDir, nameOf(path), address, { others, self: false }) === path;
  }

  #missing(path: StorePath): ElsewhereError {
    return new ElsewhereError("SOURCE_MISSING", `Cannot find '${path}' in ${this.#folder}`, {
      hint: "put it there under that name, or copy the derivation into a store with its closure",
    });
  }

  #readOnly(): ElsewhereError {
    return new ElsewhereError("READ_ONLY", `Cannot add to ${this.#folder}: it is only read`);
  }
}

function* narOfText(contents: Uint8Array): Generator<Buffer> {
  const chunks: Buffer[] = [];
  const writer = new NarWriter((chunk) => chunks.push(chunk));
  writer.beginFile("", { executable: false, size: contents.length });
  writer.contents(contents);
  writer.endFile();
  writer.flush();
  yield* chunks;
}

function infoOf(
  path: StorePath,
  nar: { readonly hash: Hash; readonly size: number },
  known: { readonly contentAddress: ContentAddress; readonly references: readonly StorePath[] },
): PathInfo {
  const references = [...new Set(known.references)].sort();
  const { contentAddress } = known;
  const fixed = { registrationTime: 0, ultimate: false, signatures: [] };
  return { path, narHash: nar.hash, narSize: nar.size, references, contentAddress, ...fixed };
}

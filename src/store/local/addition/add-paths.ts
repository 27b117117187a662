import { createHash } from "node:crypto";
import type { ByteSource } from "#base/byte-reader.ts";
import { ElsewhereError } from "#base/errors.ts";
import { formatHash, type Hash, hashEquals, sha256 } from "#nix/hash.ts";
import { arriving, type PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import { restoreBytes, restorePath } from "../../nar/restore-path.ts";
import type { AddOptions, IncomingPath } from "../../store.ts";
import type { StoreContext } from "../context.ts";
import { MissingReferenceError } from "../database/registration.ts";
import { removeTree } from "../scratch.ts";
import { checkContentAddress } from "./content-claim.ts";
import { install, type Staged } from "./install.ts";
import { syncTree } from "./sync-tree.ts";
import { takeHead } from "./take-head.ts";
import { checkTrust } from "./trust.ts";

/**
 * Adds a stream of paths. Each is unpacked beside the store while it is hashed; those that are complete are
 * moved in and registered a batch at a time. When the stream breaks, what came whole is kept.
 */
export async function addPaths(
  store: StoreContext,
  incoming: AsyncIterable<IncomingPath>,
  options: AddOptions = {},
): Promise<void> {
  store.checkWritable();
  await using batch = new Batch(store);
  const announced = await expect(store, options.paths ?? []);
  for await (const { info, nar } of incoming) {
    // The references too: garbage that is needed again must not go before the path is there.
    await store.addTempRoots([info.path, ...info.references]);
    const isValid = announced.get(info.path) ?? store.paths.isValid(info.path);
    if (!options.repair && (isValid || batch.has(info.path))) await drain(nar);
    else {
      batch.checkReferences(info);
      await batch.add(await stage(store, { info, nar }, options));
    }
  }
  await batch.flush();
}

/** Keeps paths from collectors, and tells which are valid: one question for many. What becomes valid later is found when it is installed. */
async function expect(
  store: StoreContext,
  paths: readonly StorePath[],
): Promise<ReadonlyMap<StorePath, boolean>> {
  await store.addTempRoots(paths);
  const valid = store.paths.validAmong(paths);
  return new Map(paths.map((path) => [path, valid.has(path)]));
}

/** Unpacks one path into the scratch area and verifies all that its information claims. */
async function stage(
  store: StoreContext,
  { info, nar }: IncomingPath,
  { repair = false, checkSignatures = true }: AddOptions,
): Promise<Staged> {
  const accepted = checkSignatures ? arriving(info) : info;
  if (checkSignatures) checkTrust(store, accepted);
  const place = (await store.scratch()).place();
  try {
    const unpacked = await unpack(nar, place);
    checkNar(store, accepted, unpacked.hash, unpacked.size);
    if (info.contentAddress) await checkContentAddress(store, accepted, { place, ...unpacked });
    if (store.settings.fsyncStorePaths) syncTree(place);
    return { info: { ...accepted, narSize: unpacked.size }, place, repair };
  } catch (error) {
    removeTree(place);
    throw error;
  }
}

interface Unpacked {
  readonly hash: Hash;
  readonly size: number;
  /** The NAR, when it is small. */
  readonly nar?: Buffer;
}

/** What is small is gathered, so that nothing waits in between. */
async function unpack(source: ByteSource, place: string): Promise<Unpacked> {
  const { head, rest } = await takeHead(source, SMALL_NAR_BYTES);
  if (rest === undefined) {
    restoreBytes(head, place, { canonical: true });
    return { hash: sha256(head), size: head.length, nar: head };
  }
  const hasher = createHash("sha256");
  const size = await restorePath(rest, place, { canonical: true, tap: hasher });
  return { hash: { algorithm: "sha256", digest: hasher.digest() }, size };
}

function checkNar(store: StoreContext, info: PathInfo, found: Hash, size: number): void {
  const path = store.print(info.path);
  if (!hashEquals(found, info.narHash))
    throw new ElsewhereError(
      "HASH_MISMATCH",
      `Cannot import '${path}': hash mismatch importing path '${path}';\n  specified: ${formatHash(info.narHash, "nix32")}\n  got:       ${formatHash(found, "nix32")}`,
      { hint: "The contents were damaged on the way, or the store they come from is corrupt" },
    );
  if (info.narSize !== 0 && size !== info.narSize)
    throw new ElsewhereError(
      "SIZE_MISMATCH",
      `Cannot import '${path}': size mismatch importing path '${path}';\n  specified: ${info.narSize}\n  got:       ${size}`,
    );
}

/** Staged paths on their way in. Disposing it installs what is complete. */
class Batch implements AsyncDisposable {
  readonly #store: StoreContext;
  #staged: Staged[] = [];
  readonly #paths = new Set<string>();
  #bytes = 0;
  #startedMs = 0;

  constructor(store: StoreContext) {
    this.#store = store;
  }

  has(path: string): boolean {
    return this.#paths.has(path);
  }

  /** A path that cannot be registered must not take the batch with it. */
  checkReferences({ path, references }: PathInfo): void {
    const others = references.filter((reference) => reference !== path && !this.#paths.has(reference));
    if (others.length === 0) return;
    const valid = this.#store.paths.validAmong(others);
    const missing = others.find((reference) => !valid.has(reference));
    if (missing) throw new MissingReferenceError(this.#store.print(path), this.#store.print(missing));
  }

  async add(item: Staged): Promise<void> {
    if (this.#staged.length === 0) this.#startedMs = this.#store.clock.now();
    this.#staged.push(item);
    this.#paths.add(item.info.path);
    this.#bytes += item.info.narSize;
    const isFull = this.#staged.length >= BATCH_PATHS || this.#bytes >= BATCH_BYTES;
    if (isFull || this.#store.clock.now() - this.#startedMs >= BATCH_MS) await this.flush();
  }

  async flush(): Promise<void> {
    const staged = this.#staged;
    this.#staged = [];
    this.#paths.clear();
    this.#bytes = 0;
    await install(this.#store, staged);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
  }
}

async function drain(source: ByteSource): Promise<void> {
  for await (const _ of source);
}

/** NARs up to this size are handled in one piece, in bytes. */
const SMALL_NAR_BYTES = 64 * 1024;
/** A batch goes in when it holds this many paths, */
const BATCH_PATHS = 256;
/** or NARs of so many bytes, */
const BATCH_BYTES = 32 * 1024 * 1024;
/** or has waited so long for more: what is registered need not be sent again. */
const BATCH_MS = 250;

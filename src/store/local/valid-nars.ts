import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import { InvalidPathError } from "../invalid-path.ts";
import { dumpPath } from "../nar/dump-path.ts";
import type { IncomingPath, NarOptions } from "../store.ts";
import type { StoreContext } from "./context.ts";

/** The NAR of a valid path. */
export async function* narOfPath(
  store: StoreContext,
  path: StorePath,
  options?: NarOptions,
): AsyncGenerator<Uint8Array> {
  const narSize = store.paths.narSizeOf(path);
  if (narSize === undefined) throw new InvalidPathError(store.print(path));
  yield* dump(store, { path, narSize }, options);
}

/** The NARs of paths that are known to be valid, one after the other. */
export async function* narsOfPaths(
  store: StoreContext,
  infos: readonly PathInfo[],
  options?: NarOptions,
): AsyncGenerator<IncomingPath> {
  for (const info of infos) yield { info, nar: dump(store, info, options) };
}

function dump(
  store: StoreContext,
  { path, narSize }: Pick<PathInfo, "path" | "narSize">,
  { reuseChunks }: NarOptions = {},
): AsyncGenerator<Uint8Array> {
  // No larger than the whole: thousands of small paths shall not take a large buffer each.
  const chunkBytes = Math.min(Math.max(narSize, CHUNK_BYTES_MIN), CHUNK_BYTES_MAX);
  return dumpPath(store.realPathOf(path), {
    chunkBytes,
    // Those who gather what is small keep more than one small chunk.
    reuseChunks: reuseChunks === true && chunkBytes === CHUNK_BYTES_MAX,
  });
}

/** Sizes of the chunks that NARs come in, in bytes. */
const CHUNK_BYTES_MIN = 1024;
const CHUNK_BYTES_MAX = 256 * 1024;

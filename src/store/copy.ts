import { setImmediate } from "node:timers/promises";
import type { ByteSource } from "#base/byte-reader.ts";
import { arriving, type PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { IncomingPath, Store } from "./store.ts";

/** What happens while paths are copied. Sizes in bytes of NAR. */
export type CopyEvent =
  | { readonly kind: "planned"; readonly paths: readonly PathInfo[]; readonly bytes: number }
  | { readonly kind: "path-started"; readonly info: PathInfo }
  | { readonly kind: "bytes-copied"; readonly path: StorePath; readonly bytes: number }
  | { readonly kind: "path-finished"; readonly path: StorePath };

export interface CopyOptions {
  /** Refuse paths without a trusted signature; true by default. */
  readonly checkSignatures?: boolean;
  /** Let the receiver substitute what it can before anything is sent. */
  readonly substitute?: boolean;
  readonly repair?: boolean;
  readonly onProgress?: (event: CopyEvent) => void;
  readonly signal?: AbortSignal;
}

/**
 * Brings `paths` and all that they refer to into `to`, and returns what was sent. One question to each side,
 * one stream, references first; what arrived whole stays when the stream breaks, and is not sent again.
 */
export async function copyClosure(
  from: Store,
  to: Store,
  paths: Iterable<StorePath>,
  options: CopyOptions = {},
): Promise<PathInfo[]> {
  const roots = [...new Set(paths)];
  if (roots.length === 0) return [];
  const valid = options.repair ? undefined : to.queryValidPaths(roots);
  // One that has to be reached first leaves time to ask the other.
  const closure = (await isSettled(valid)) ? undefined : from.queryClosure(roots);
  closure?.catch(() => undefined);
  // A store that has a path has all that it refers to.
  if ((await valid)?.size === roots.length) return announceNothing(options);
  options.signal?.throwIfAborted();
  return await copyPaths(from, to, await (closure ?? from.queryClosure(roots)), options);
}

/** Whether an answer is there without waiting for anything but this process. */
async function isSettled(answer: Promise<unknown> | undefined): Promise<boolean> {
  const settled = answer?.then(
    () => true,
    () => true,
  );
  return await Promise.race([settled, setImmediate(false)].filter((each) => each !== undefined));
}

/** Brings those of `infos` that `to` lacks into it. They must be in the order of their references. */
export async function copyPaths(
  from: Store,
  to: Store,
  infos: readonly PathInfo[],
  options: CopyOptions = {},
): Promise<PathInfo[]> {
  const { checkSignatures = true, substitute = false, repair = false, signal, onProgress } = options;
  const paths = infos.map(({ path }) => path);
  const valid = repair ? new Set<StorePath>() : await to.queryValidPaths(paths, { substitute });
  signal?.throwIfAborted();
  const missing = infos.filter(({ path }) => !valid.has(path));
  if (missing.length === 0) return announceNothing(options);
  onProgress?.({
    kind: "planned",
    paths: missing,
    bytes: missing.reduce((sum, { narSize }) => sum + narSize, 0),
  });
  await to.addPaths(
    inTransit(from.narsFromPaths(missing, { reuseChunks: to.keepsNoChunks === true }), options),
    {
      checkSignatures,
      repair,
      paths: missing.map(({ path }) => path),
    },
  );
  return missing;
}

function announceNothing({ onProgress }: CopyOptions): PathInfo[] {
  onProgress?.({ kind: "planned", paths: [], bytes: 0 });
  return [];
}

/** The paths as they leave one store for the other: no longer built where they are, and counted. */
async function* inTransit(
  paths: AsyncIterable<IncomingPath>,
  { signal, onProgress }: CopyOptions,
): AsyncGenerator<IncomingPath> {
  for await (const { info, nar } of paths) {
    signal?.throwIfAborted();
    onProgress?.({ kind: "path-started", info });
    const isWatched = signal !== undefined || onProgress !== undefined;
    yield { info: arriving(info), nar: isWatched ? counted(info.path, nar, { signal, onProgress }) : nar };
    onProgress?.({ kind: "path-finished", path: info.path });
  }
}

interface Watch {
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((event: CopyEvent) => void) | undefined;
}

async function* counted(path: StorePath, nar: ByteSource, { signal, onProgress }: Watch): ByteSource {
  let bytes = 0;
  for await (const chunk of nar) {
    signal?.throwIfAborted();
    bytes += chunk.length;
    if (bytes >= REPORT_BYTES) {
      onProgress?.({ kind: "bytes-copied", path, bytes });
      bytes = 0;
    }
    yield chunk;
  }
  if (bytes > 0) onProgress?.({ kind: "bytes-copied", path, bytes });
}

/** Progress is told each time this many bytes have gone, and at each path's end. */
const REPORT_BYTES = 1 << 20;

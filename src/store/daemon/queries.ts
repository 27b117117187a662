import { LimitError } from "#base/errors.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { sortByReferences } from "#store/local/reference-order.ts";
import { InvalidPathError } from "#store/local/valid-paths.ts";
import { operations } from "#wire/daemon/operations.ts";
import type { DaemonConnection } from "./connection.ts";

/** The information of those among `paths` that are valid: all questions go out before the first answer is waited for. */
export async function queryPathInfos(
  connection: DaemonConnection,
  paths: Iterable<StorePath>,
): Promise<Map<StorePath, PathInfo>> {
  const infos = new Map<StorePath, PathInfo>();
  for await (const { path, info } of pathInfosOf(connection, [...new Set(paths)]))
    if (info) infos.set(path, info);
  return infos;
}

/** `roots` and all they refer to. New paths are asked for as soon as an answer names them. */
export async function queryClosure(
  connection: DaemonConnection,
  roots: Iterable<StorePath>,
): Promise<PathInfo[]> {
  const known = new Set(roots);
  const queue = [...known];
  const infos: PathInfo[] = [];
  for await (const { path, info } of pathInfosOf(connection, queue)) {
    if (!info) throw new InvalidPathError(printStorePath(connection.agreed.storeDir, path));
    infos.push(info);
    if (infos.length > CLOSURE_PATHS_MAX)
      throw new LimitError("a closure (in paths)", infos.length, CLOSURE_PATHS_MAX);
    for (const reference of info.references) {
      if (known.has(reference)) continue;
      known.add(reference);
      queue.push(reference);
    }
  }
  return sortByReferences(infos);
}

/** Answers for the paths of `queue`, in its order; it may grow on the way. */
async function* pathInfosOf(
  connection: DaemonConnection,
  queue: readonly StorePath[],
): AsyncGenerator<{ path: StorePath; info: PathInfo | undefined }> {
  const { queryPathInfo } = operations;
  let sent = 0;
  let answered = 0;
  try {
    for (; answered < queue.length; ) {
      for (; sent < queue.length && sent - answered < OUTSTANDING_MAX; sent++)
        connection.send(queryPathInfo, { path: queue[sent]! });
      const path = queue[answered]!;
      const info = await connection.answer(queryPathInfo);
      answered++;
      yield { path, info: info && { path, ...info } };
    }
  } finally {
    // Answers that nobody waits for any more would be taken for those to later questions.
    if (sent > answered) connection.abandon();
  }
}

/** Most paths of a closure: above any, and below what a store that invents ever new references could fill memory with. */
const CLOSURE_PATHS_MAX = 1_000_000;
/** Questions that may be under way at once: bounds what both sides must hold. */
const OUTSTANDING_MAX = 4096;

import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import { operations } from "#wire/daemon/operations.ts";
import type { UnkeyedPathInfo } from "#wire/values/path-info.ts";
import { ClosureWalk } from "../closure-walk.ts";
import type { DaemonConnection } from "./connection.ts";

/** The information of those among `paths` that are valid: all questions go out before the first answer is waited for. */
export async function queryPathInfos(
  connection: DaemonConnection,
  paths: Iterable<StorePath>,
): Promise<Map<StorePath, PathInfo>> {
  const infos = new Map<StorePath, PathInfo>();
  await askPathInfos(connection, [...new Set(paths)], (path, info) => {
    if (info) infos.set(path, info);
    return true;
  });
  return infos;
}

/** `roots` and all they refer to. New paths are asked for as soon as an answer names them. */
export async function queryClosure(
  connection: DaemonConnection,
  roots: Iterable<StorePath>,
): Promise<PathInfo[]> {
  const walk = new ClosureWalk(roots);
  await askPathInfos(connection, walk.queue, (_, info) => walk.take(info));
  return walk.finish(connection.agreed.storeDir);
}

/** Asks for the paths of `queue` and tells the answers in its order, until one is not wanted; it may grow on the way. */
async function askPathInfos(
  connection: DaemonConnection,
  queue: readonly StorePath[],
  tell: (path: StorePath, info: PathInfo | undefined) => boolean,
): Promise<void> {
  const { queryPathInfo } = operations;
  let sent = 0;
  let answered = 0;
  let isWanted = true;
  const next = () => {
    if (!isWanted) return false;
    // Many at a time: each piece that is sent wakes two processes.
    if (sent - answered > OUTSTANDING_LOW) return true;
    for (; sent < queue.length && sent - answered < OUTSTANDING_MAX; sent++)
      connection.send(queryPathInfo, { path: queue[sent]! });
    return answered < queue.length;
  };
  const take = (info: UnkeyedPathInfo | undefined) => {
    const path = queue[answered++]!;
    isWanted = tell(path, info && { path, ...info });
  };
  try {
    await connection.answerEach(queryPathInfo, { next, take });
  } finally {
    // Answers that nobody waits for any more would be taken for those to later questions.
    if (sent > answered) connection.abandon();
  }
}

/** Questions that may be under way at once: bounds what both sides must hold. */
const OUTSTANDING_MAX = 4096;
/** More are asked when no more than these are under way: far more than the peer answers while they travel. */
const OUTSTANDING_LOW = 1024;

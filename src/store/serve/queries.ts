import { ElsewhereError } from "#base/errors.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { commands } from "#wire/serve/commands.ts";
import { ClosureWalk } from "../closure-walk.ts";
import type { ServeConnection } from "./connection.ts";

/** The information of those among `paths` that are valid. */
export async function queryPathInfos(
  connection: ServeConnection,
  paths: Iterable<StorePath>,
): Promise<Map<StorePath, PathInfo>> {
  const infos = new Map<StorePath, PathInfo>();
  await askPathInfos(connection, [...new Set(paths)], (_, found) => {
    for (const info of found.values()) infos.set(info.path, info);
    return true;
  });
  return infos;
}

/**
 * `roots` and all they refer to. New paths are asked for as answers name them, while the server reads its database
 * for others; of a closure that stays thin, where each answer costs a round trip, it is asked for all that is left.
 */
export async function queryClosure(
  connection: ServeConnection,
  roots: Iterable<StorePath>,
): Promise<PathInfo[]> {
  const { storeDir } = connection.agreed;
  const wanted = [...roots];
  const walk = new ClosureWalk(wanted);
  let thinLots = 0;
  const take: TakeLot = (lot, found) => lot.every((path) => walk.take(found.get(path)));
  const asked = await askPathInfos(connection, walk.queue, (lot, found) => {
    if (lot.length < LOT_LEAST) thinLots++;
    return take(lot, found) && thinLots < THIN_LOTS_MAX;
  });
  if (thinLots < THIN_LOTS_MAX || asked === walk.queue.length) return walk.finish(storeDir);
  const left = walk.queue.slice(asked);
  for (const path of await connection.call(commands.queryClosure, { includeOutputs: false, paths: left }))
    walk.add(path);
  await askPathInfos(connection, walk.queue, take, asked);
  return reachable(wanted, walk.finish(storeDir));
}

/** Of what the store calls the closure, that which the roots do refer to. */
function reachable(roots: readonly StorePath[], infos: readonly PathInfo[]): PathInfo[] {
  const referencesOf = new Map(infos.map(({ path, references }) => [path, references]));
  const reached = new Set(roots);
  for (const path of reached) for (const reference of referencesOf.get(path) ?? []) reached.add(reference);
  return infos.filter(({ path }) => reached.has(path));
}

/** What the store says of some paths: those that are valid. Whether more is wanted. */
type TakeLot = (lot: readonly StorePath[], found: ReadonlyMap<StorePath, PathInfo>) => boolean;

/**
 * Asks for the paths of `queue` lot by lot, two under way at once, until an answer says that no more is wanted; the
 * queue may grow on the way. Returns how many of it were asked for, counting those before `from`.
 */
async function askPathInfos(
  connection: ServeConnection,
  queue: readonly StorePath[],
  take: TakeLot,
  from = 0,
): Promise<number> {
  const underWay: (readonly StorePath[])[] = [];
  let asked = from;
  let isWanted = true;
  const ask = () => {
    while (isWanted && underWay.length < LOTS_UNDER_WAY_MAX) {
      const lot = queue.slice(asked, asked + LOT_PATHS_MAX);
      if (lot.length === 0 || (underWay.length > 0 && lot.length < LOT_LEAST)) return;
      connection.send(commands.queryPathInfos, { paths: lot });
      underWay.push(lot);
      asked += lot.length;
    }
  };
  try {
    for (ask(); underWay.length > 0; ask()) {
      const infos = await connection.answer(commands.queryPathInfos);
      const lot = underWay.shift()!;
      isWanted = take(lot, askedFor(connection, lot, infos)) && isWanted;
    }
    return asked;
  } finally {
    if (underWay.length > 0) connection.abandon();
  }
}

/** A store that tells of more than it was asked for would have it copied. */
function askedFor(
  { agreed: { storeDir } }: ServeConnection,
  lot: readonly StorePath[],
  infos: readonly PathInfo[],
): Map<StorePath, PathInfo> {
  const wanted = new Set(lot);
  for (const { path } of infos)
    if (!wanted.has(path))
      throw new ElsewhereError(
        "PROTOCOL",
        `Cannot believe the store: it tells of '${printStorePath(storeDir, path)}', which was not asked for`,
      );
  return new Map(infos.map((info) => [info.path, info]));
}

/** Questions that travel together: bounds what both sides must hold. */
const LOT_PATHS_MAX = 2048;
/** Fewer than these are not worth a question of their own while another is under way. */
const LOT_LEAST = 128;
const LOTS_UNDER_WAY_MAX = 2;
/** Questions with few paths, each a round trip, after which the server walks through the rest by itself. */
const THIN_LOTS_MAX = 32;

import { ElsewhereError } from "#base/errors.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { sortByReferences } from "#store/local/reference-order.ts";
import { InvalidPathError } from "#store/local/valid-paths.ts";
import { commands } from "#wire/serve/commands.ts";
import type { ServeConnection } from "./connection.ts";

export async function queryPathInfos(
  connection: ServeConnection,
  paths: Iterable<StorePath>,
): Promise<Map<StorePath, PathInfo>> {
  const wanted = [...new Set(paths)];
  if (wanted.length === 0) return new Map();
  const found = await connection.call(commands.queryPathInfos, { paths: wanted });
  const infos = new Map(found.map((info) => [info.path, info]));
  // A store that tells of more than it was asked for would have it copied.
  const asked = new Set(wanted);
  for (const path of infos.keys())
    if (!asked.has(path))
      throw new ElsewhereError(
        "PROTOCOL",
        `Cannot believe the store: it tells of '${printStorePath(connection.agreed.storeDir, path)}', which was not asked for`,
      );
  return infos;
}

/** Three questions, whatever the size; the first because a root that is not there would end the connection. */
export async function queryClosure(
  connection: ServeConnection,
  roots: Iterable<StorePath>,
): Promise<PathInfo[]> {
  const wanted = [...new Set(roots)];
  if (wanted.length === 0) return [];
  const valid = new Set(
    await connection.call(commands.queryValidPaths, { lock: false, substitute: false, paths: wanted }),
  );
  for (const root of wanted)
    if (!valid.has(root)) throw new InvalidPathError(printStorePath(connection.agreed.storeDir, root));
  const closure = await connection.call(commands.queryClosure, { includeOutputs: false, paths: wanted });
  const infos = await queryPathInfos(connection, closure);
  return sortByReferences(reachable(wanted, infos));
}

/** Of what the store calls the closure, that which the roots do refer to. */
function reachable(roots: readonly StorePath[], infos: ReadonlyMap<StorePath, PathInfo>): PathInfo[] {
  const reached = new Set(roots);
  for (const path of reached)
    for (const reference of infos.get(path)?.references ?? []) reached.add(reference);
  return [...reached].flatMap((path) => infos.get(path) ?? []);
}

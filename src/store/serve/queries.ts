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
  return new Map(found.map((info) => [info.path, info]));
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
  return sortByReferences([...(await queryPathInfos(connection, closure)).values()]);
}

import type { ByteSource } from "#base/byte-reader.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { operations } from "#wire/daemon/operations.ts";
import type { Lease } from "../connection-pool.ts";
import { requestNars } from "../flow/nar-requests.ts";
import { InvalidPathError } from "../invalid-path.ts";
import { narOf } from "../nar-stream.ts";
import type { IncomingPath, NarOptions } from "../store.ts";
import type { DaemonConnection } from "./connection.ts";

/** One NAR; its size is asked for in the same breath. */
export async function* downloadNar(
  lease: () => Promise<Lease<DaemonConnection>>,
  path: StorePath,
): ByteSource {
  await using held = await lease();
  const { connection } = held;
  connection.send(operations.queryPathInfo, { path });
  connection.send(operations.narFromPath, { path });
  const info = await connection.answer(operations.queryPathInfo);
  if (!info) {
    // Servers begin to answer before they look, so what comes now is half a NAR and an error in the midst of it.
    connection.abandon();
    throw new InvalidPathError(printStorePath(connection.agreed.storeDir, path));
  }
  await connection.answer(operations.narFromPath);
  yield* narOf(connection, info.narSize);
}

/** Many NARs: the server is asked for the next ones while one is read. */
export function downloadNars(
  lease: () => Promise<Lease<DaemonConnection>>,
  infos: readonly PathInfo[],
  options?: NarOptions,
): AsyncGenerator<IncomingPath> {
  return requestNars(infos, {
    ...options,
    lease,
    ask: (connection, path) => connection.send(operations.narFromPath, { path }),
    begin: (connection) => connection.answer(operations.narFromPath),
  });
}

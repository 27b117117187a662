import type { ByteSource } from "#base/byte-reader.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { InvalidPathError } from "#store/local/valid-paths.ts";
import { operations } from "#wire/daemon/operations.ts";
import type { Lease } from "../connection-pool.ts";
import { narOf } from "../nar-stream.ts";
import type { IncomingPath } from "../store.ts";
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
export async function* downloadNars(
  lease: () => Promise<Lease<DaemonConnection>>,
  infos: readonly PathInfo[],
): AsyncGenerator<IncomingPath> {
  await using held = await lease();
  const { connection } = held;
  let sent = 0;
  let taken = 0;
  try {
    for (const info of infos) {
      for (; sent < infos.length && sent - taken < ASKED_AHEAD_MAX; sent++)
        connection.send(operations.narFromPath, { path: infos[sent]!.path });
      await connection.answer(operations.narFromPath);
      yield { info, nar: narOf(connection, info.narSize) };
      taken++;
    }
  } finally {
    if (sent > taken) connection.abandon();
  }
}

/** NARs that are asked for before the first of them has come: hides the way there and back. */
const ASKED_AHEAD_MAX = 1024;

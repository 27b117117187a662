import type { ByteSource } from "#base/byte-reader.ts";
import { ElsewhereError } from "#base/errors.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { commands } from "#wire/serve/commands.ts";
import type { Lease } from "../connection-pool.ts";
import { AnswerQueue } from "../flow/answer-queue.ts";
import { requestNars } from "../flow/nar-requests.ts";
import { InvalidPathError } from "../invalid-path.ts";
import { narOf } from "../nar-stream.ts";
import type { IncomingPath, NarOptions } from "../store.ts";
import type { ServeConnection } from "./connection.ts";

/** Sends each path without waiting until the last one is there. The first refusal stops it. */
export async function uploadPaths(
  connection: ServeConnection,
  paths: AsyncIterable<IncomingPath>,
): Promise<void> {
  const { addToStoreNar } = commands;
  const answers = new AnswerQueue();
  try {
    for await (const { info, nar } of paths) {
      connection.send(addToStoreNar, { info });
      let sent = 0;
      for await (const chunk of nar) {
        if (answers.isRefused) break;
        sent += chunk.length;
        await connection.sendBody(chunk);
      }
      answers.throwIfRefused();
      checkSize(connection, info, sent);
      answers.expect(sent, async () => {
        // A server that refused one has hung up.
        if (!answers.isRefused) await hearAdded(connection, info);
      });
      await answers.room();
      answers.throwIfRefused();
    }
  } catch (error) {
    // Half a NAR is on the line: only hanging up makes the server drop it.
    connection.abandon();
    answers.throwIfRefused();
    throw error;
  }
  await answers.all();
}

/** A server that has not added a path may go on; what it answers then is of paths that need this one. */
async function hearAdded(connection: ServeConnection, { path }: PathInfo): Promise<void> {
  if (await connection.answer(commands.addToStoreNar)) return;
  connection.abandon();
  throw new ElsewhereError(
    "REFUSED",
    `Cannot send '${printStorePath(connection.agreed.storeDir, path)}': the store did not add it`,
    {
      hint: "What nix-store prints on the host says why; does the host have room, and may this user write there?",
    },
  );
}

/** A NAR ends by itself: the server would wait for the rest of one that is too short, and take requests for it. */
function checkSize({ agreed }: ServeConnection, { path, narSize }: PathInfo, sentBytes: number): void {
  if (narSize !== 0 && sentBytes !== narSize)
    throw new ElsewhereError(
      "SIZE_MISMATCH",
      `Cannot send '${printStorePath(agreed.storeDir, path)}': its NAR has ${sentBytes} bytes, not ${narSize}`,
      { hint: "The store it comes from is corrupt" },
    );
}

/** One NAR, whose size is asked for first: asking for one that is not there would end the connection. */
export async function* downloadNar(
  lease: () => Promise<Lease<ServeConnection>>,
  path: StorePath,
): ByteSource {
  await using held = await lease();
  const { connection } = held;
  const info = (await connection.call(commands.queryPathInfos, { paths: [path] }))[0];
  if (!info) throw new InvalidPathError(printStorePath(connection.agreed.storeDir, path));
  connection.send(commands.dumpStorePath, { path });
  yield* narOf(connection, info.narSize);
}

/** Many NARs: the server is asked for the next ones while one is read. */
export function downloadNars(
  lease: () => Promise<Lease<ServeConnection>>,
  infos: readonly PathInfo[],
  options?: NarOptions,
): AsyncGenerator<IncomingPath> {
  return requestNars(infos, {
    ...options,
    lease,
    ask: (connection, path) => connection.send(commands.dumpStorePath, { path }),
  });
}

import type { ByteSource } from "#base/byte-reader.ts";
import { Deferred } from "#base/deferred.ts";
import { ElsewhereError } from "#base/errors.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { InvalidPathError } from "#store/local/valid-paths.ts";
import { commands } from "#wire/serve/commands.ts";
import type { Lease } from "../connection-pool.ts";
import { requestNars } from "../nar-requests.ts";
import { narOf } from "../nar-stream.ts";
import type { IncomingPath } from "../store.ts";
import type { ServeConnection } from "./connection.ts";

/** Sends each path without waiting until the last one is there. The first refusal stops it. */
export async function uploadPaths(
  connection: ServeConnection,
  paths: AsyncIterable<IncomingPath>,
): Promise<void> {
  const { addToStoreNar } = commands;
  const answers = new AnswerCount();
  try {
    for await (const { info, nar } of paths) {
      connection.send(addToStoreNar, { info });
      let sent = 0;
      for await (const chunk of nar) {
        if (answers.failed) break;
        sent += chunk.length;
        await connection.sendBody(chunk);
      }
      if (answers.failed) break;
      checkSize(connection, info, sent);
      answers.expect(() => hearAdded(connection, info));
      await answers.fewerThan(UNANSWERED_MAX);
    }
  } catch (error) {
    // Half a NAR is on the line: only hanging up makes the server drop it.
    connection.abandon();
    throw answers.failed ?? error;
  }
  await answers.fewerThan(1);
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

/** Reads answers one after another beside what is sent. */
class AnswerCount {
  failed: unknown;
  #open = 0;
  #last: Promise<void> = Promise.resolve();
  #change = new Deferred<void>();

  expect(answer: () => Promise<unknown>): void {
    this.#open++;
    this.#last = this.#last.then(async () => {
      try {
        if (this.failed === undefined) await answer();
      } catch (error) {
        this.failed = error;
      }
      this.#open--;
      this.#change.resolve();
      this.#change = new Deferred<void>();
    });
  }

  /** Waits until fewer than `count` are open; throws what the server refused. */
  async fewerThan(count: number): Promise<void> {
    while (this.#open >= count && this.failed === undefined) await this.#change.promise;
    if (this.failed !== undefined) throw this.failed;
  }
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
): AsyncGenerator<IncomingPath> {
  return requestNars(infos, {
    lease,
    ask: (connection, path) => connection.send(commands.dumpStorePath, { path }),
  });
}

/** Paths that are sent before the first of them is answered. */
const UNANSWERED_MAX = 256;

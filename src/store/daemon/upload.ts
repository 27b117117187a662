import type { ByteSource } from "#base/byte-reader.ts";
import { multipleCount } from "#wire/daemon/add-operations.ts";
import { operations } from "#wire/daemon/operations.ts";
import { streamedPathInfo } from "#wire/values/path-info.ts";
import { AnswerQueue } from "../flow/answer-queue.ts";
import type { AddOptions, IncomingPath } from "../store.ts";
import type { DaemonConnection } from "./connection.ts";
import type { FrameWriter } from "./frame-writer.ts";

/** Adds paths by one request where their number is known, else by a request for each. */
export async function uploadPaths(
  connection: DaemonConnection,
  paths: AsyncIterable<IncomingPath>,
  options: AddOptions = {},
): Promise<void> {
  const count = options.paths?.length;
  if (count !== undefined && connection.has(operations.addMultipleToStore))
    await uploadTogether(connection, paths, { ...options, count });
  else await uploadOneByOne(connection, paths, options);
}

/**
 * Some paths a request: the daemon's answer to each tells how far it is. Each is sent before the last is answered,
 * so any number of paths takes one way there and back.
 */
async function uploadTogether(
  connection: DaemonConnection,
  paths: AsyncIterable<IncomingPath>,
  { count, repair = false, checkSignatures = true }: AddOptions & { count: number },
): Promise<void> {
  const request = { repair, dontCheckSignatures: !checkSignatures };
  const answers = new AnswerQueue();
  const incoming = paths[Symbol.asyncIterator]();
  try {
    for (let left = count; left > 0 && !answers.isRefused; left -= REQUEST_PATHS_MAX) {
      const portion = Math.min(left, REQUEST_PATHS_MAX);
      let bytes = 0;
      const { answer } = await connection.sendWithBody(operations.addMultipleToStore, request, {
        after: answers.settled,
        body: async (frames, stop) => {
          multipleCount.encode(portion, frames.out, connection.agreed);
          for (let sent = 0; sent < portion && !stop.aborted; sent++) {
            const next = await incoming.next();
            if (next.done) return;
            streamedPathInfo.encode(next.value.info, frames.out, connection.agreed);
            bytes += await writeAll(frames, next.value.nar, stop);
          }
        },
      });
      answers.expect(bytes, () => answer);
      await answers.room();
    }
  } finally {
    await incoming.return?.();
  }
  await answers.all();
}

/** One request a path, each sent before the last is answered. */
async function uploadOneByOne(
  connection: DaemonConnection,
  paths: AsyncIterable<IncomingPath>,
  { repair = false, checkSignatures = true }: AddOptions,
): Promise<void> {
  const answers = new AnswerQueue();
  for await (const { info, nar } of paths) {
    let bytes = 0;
    const { answer } = await connection.sendWithBody(
      operations.addToStoreNar,
      { info, repair, dontCheckSignatures: !checkSignatures },
      {
        after: answers.settled,
        body: async (frames, stop) => {
          bytes = await writeAll(frames, nar, stop);
        },
      },
    );
    answers.expect(bytes, () => answer);
    await answers.room();
    if (answers.isRefused) break;
  }
  await answers.all();
}

/** Sends a source as frames, until it ends or the server has answered already; returns how many bytes went. */
export async function writeAll(frames: FrameWriter, source: ByteSource, stop: AbortSignal): Promise<number> {
  let bytes = 0;
  for await (const chunk of source) {
    if (stop.aborted) break;
    bytes += chunk.length;
    const waiting = frames.write(chunk);
    if (waiting) await waiting;
  }
  return bytes;
}

/** Paths in one request. */
const REQUEST_PATHS_MAX = 16;

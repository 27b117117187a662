import type { ByteSource } from "#base/byte-reader.ts";
import { multipleCount } from "#wire/daemon/add-operations.ts";
import { operations } from "#wire/daemon/operations.ts";
import { streamedPathInfo } from "#wire/values/path-info.ts";
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

async function uploadTogether(
  connection: DaemonConnection,
  paths: AsyncIterable<IncomingPath>,
  { count, repair = false, checkSignatures = true }: AddOptions & { count: number },
): Promise<void> {
  const request = { repair, dontCheckSignatures: !checkSignatures };
  await connection.upload(operations.addMultipleToStore, request, {
    body: async (frames, stop) => {
      multipleCount.encode(count, frames.out, connection.agreed);
      for await (const { info, nar } of paths) {
        if (stop.aborted) return;
        streamedPathInfo.encode(info, frames.out, connection.agreed);
        await writeAll(frames, nar, stop);
      }
    },
  });
}

/** One request a path, each sent before the last is answered: so any number of paths takes one way there and back. */
async function uploadOneByOne(
  connection: DaemonConnection,
  paths: AsyncIterable<IncomingPath>,
  { repair = false, checkSignatures = true }: AddOptions,
): Promise<void> {
  const refusals: unknown[] = [];
  const waiting: Promise<unknown>[] = [];
  let last: Promise<unknown> | undefined;
  for await (const { info, nar } of paths) {
    const { answer } = await connection.sendWithBody(
      operations.addToStoreNar,
      { info, repair, dontCheckSignatures: !checkSignatures },
      { body: (frames, stop) => writeAll(frames, nar, stop), after: last },
    );
    last = answer.catch((error: unknown) => refusals.push(error));
    waiting.push(last);
    if (waiting.length > UNANSWERED_MAX) await waiting.shift();
    if (refusals.length > 0) break;
  }
  await last;
  if (refusals.length > 0) throw refusals[0];
}

/** Sends a source as frames, until it ends or the server has answered already. */
export async function writeAll(frames: FrameWriter, source: ByteSource, stop: AbortSignal): Promise<void> {
  for await (const chunk of source) {
    if (stop.aborted) return;
    const waiting = frames.write(chunk);
    if (waiting) await waiting;
  }
}

/** Paths that are sent before the first of them is answered. */
const UNANSWERED_MAX = 256;

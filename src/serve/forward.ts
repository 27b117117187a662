import type { ByteStream } from "#transport/byte-stream.ts";

/** Joins two streams until either side has ended: the client speaks with whoever is behind `upstream` directly. */
export async function forward(client: ByteStream, upstream: ByteStream): Promise<void> {
  const down = pass(upstream, client);
  const up = pass(client, upstream).then(() => upstream.end());
  await Promise.race([down, up.then(() => down)]);
}

/** What one side says goes to the other; when one of them is gone, the other is told by the end of its input. */
async function pass(from: ByteStream, to: ByteStream): Promise<void> {
  try {
    for await (const chunk of from.source) await to.write(chunk);
  } catch {
    await to[Symbol.asyncDispose]();
  }
}

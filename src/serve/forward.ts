import type { ByteStream } from "#transport/byte-stream.ts";

/** Joins two streams until either side has ended: whoever is behind the second speaks with the first directly. */
export async function forward(client: ByteStream, upstream: ByteStream): Promise<void> {
  const up = pass(client, upstream);
  const down = pass(upstream, client);
  await Promise.race([down, up.then(() => down)]);
}

async function pass(from: ByteStream, to: ByteStream): Promise<void> {
  try {
    for await (const chunk of from.source) await to.write(chunk);
  } catch {
    // One side is gone: the other is told by the end of its input.
  }
  to.end();
}

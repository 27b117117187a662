import { PassThrough } from "node:stream";
import type { ByteStream } from "#transport/byte-stream.ts";
import { NodeByteStream } from "#transport/node-stream.ts";

/** Two ends of one conversation in memory, either of which waits when the other does not read. */
export function streamPair(): readonly [ByteStream, ByteStream] {
  const [there, back] = [new PassThrough(), new PassThrough()];
  const end = (peer: string, input: PassThrough, output: PassThrough) =>
    new NodeByteStream({
      peer,
      input,
      output,
      close: async () => {
        output.end();
        input.destroy();
      },
    });
  return [end("the server", back, there), end("the client", there, back)];
}

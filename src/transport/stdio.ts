import type { ByteStream } from "./byte-stream.ts";
import { NodeByteStream } from "./node-stream.ts";

/** This process's own standard input and output, for a server that its caller started. */
export function openStdio(peer = "standard input and output"): ByteStream {
  const stream = new NodeByteStream({
    peer,
    input: process.stdin,
    output: process.stdout,
    close: () => {
      process.stdin.destroy();
    },
  });
  process.stdin.once("close", () => stream.settle(undefined));
  process.stdout.once("error", (error) => stream.settle(error));
  return stream;
}

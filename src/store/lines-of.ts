import type { ByteSource } from "#base/byte-reader.ts";
import { LineSplitter } from "./line-splitter.ts";

/** The lines of a stream as they come; one that is too long comes in pieces. */
export async function* linesOf(source: ByteSource): AsyncGenerator<string, void, undefined> {
  let lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for await (const chunk of source) {
    splitter.push(chunk);
    const ready = lines;
    lines = [];
    yield* ready;
  }
  splitter.end();
  yield* lines;
}

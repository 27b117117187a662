import { Buffer } from "node:buffer";
import {
  LENGTH_BYTES,
  TOKEN_CONTENTS,
  TOKEN_EXECUTABLE_CONTENTS,
  TOKEN_HEAD,
  TOKEN_REGULAR,
} from "./grammar.ts";

/** The contents of the one file that a NAR holds; undefined when it holds something else. It must have been decoded. */
export function fileInNar(nar: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(nar.buffer, nar.byteOffset, nar.byteLength);
  for (const start of FILE_STARTS) {
    if (!bytes.subarray(0, start.length).equals(start)) continue;
    const from = start.length + LENGTH_BYTES;
    return bytes.subarray(from, from + Number(bytes.readBigUInt64LE(start.length)));
  }
  return undefined;
}

const FILE_STARTS = [TOKEN_CONTENTS, TOKEN_EXECUTABLE_CONTENTS].map((contents) =>
  Buffer.concat([TOKEN_HEAD, TOKEN_REGULAR, contents]),
);

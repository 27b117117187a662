import { Buffer } from "node:buffer";
import { ElsewhereError, LimitError, MalformedError } from "#base/errors.ts";
import { asBuffer, decodeText } from "#base/text.ts";
import { paddedLength } from "./alignment.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { type Codec, defineCodec, type WireContext } from "./codec.ts";
import { STRING_BYTES_MAX } from "./limits.ts";

/** An unsigned number, at most 2^53-1 although the wire has 64 bits. */
export const u64: Codec<number> = fixed(readNumber, (value, out) => out.u64(value));

/** All 64 bits. */
export const bits64: Codec<bigint> = fixed(
  (bytes, at) => bytes.readBigUInt64LE(at),
  (value, out) => out.bits64(value),
);

/** A number that only informs: above 2^53 it is rounded, not refused. */
export const roughNumber: Codec<number> = fixed(
  (bytes, at) => bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at),
  (value, out) => out.bits64(value >= 2 ** 64 ? BITS_MAX : BigInt(Math.trunc(Math.max(0, value)))),
);

/** Any number but 0 is true, as Nix has it. */
export const bool: Codec<boolean> = fixed(
  (bytes, at) => bytes.readUInt32LE(at) !== 0 || bytes.readUInt32LE(at + 4) !== 0,
  (value, out) => out.u64(value ? 1 : 0),
);

/** A string, as `base/text.ts` has it. */
export const text: Codec<string> = counted(readText, (value, out) => out.text(value));

/** A string whose right values are all ASCII; in others each byte is a character, for their parser to refuse. */
export const asciiText: Codec<string> = counted(
  (buffer, { start, end }) => buffer.toString("latin1", start, end),
  (value, out) => out.text(value),
);

/** A string as bytes of its own. */
export const bytes: Codec<Uint8Array> = counted(
  (buffer, { start, end }) => Buffer.from(buffer.subarray(start, end)),
  (value, out) => out.bytes(value),
);

const BITS_MAX = 2n ** 64n - 1n;

type Write<T> = (value: T, out: ByteWriter, ctx: WireContext) => void;

/** Where in a buffer a string lies. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}
type ParseBytes<T> = (buffer: Buffer, extent: Extent, ctx: WireContext) => T;

function fixed<T>(parse: (bytes: Buffer, at: number) => T, encode: Write<T>): Codec<T> {
  return defineCodec({
    read: (cursor) => parse(cursor.bytes, cursor.advance(8)),
    *steps() {
      return parse(asBuffer(yield 8), 0);
    },
    encode,
  });
}

/** A string, made into a value from its bytes, which last until `parse` returns. */
export function counted<T>(parse: ParseBytes<T>, encode: Write<T>): Codec<T> {
  return defineCodec({
    read: (cursor, ctx) => {
      const size = checkedSize(readNumber(cursor.bytes, cursor.advance(8)));
      const start = cursor.advance(paddedLength(size));
      checkPadding(cursor.bytes, start + size, start + paddedLength(size));
      return parse(cursor.bytes, { start, end: start + size }, ctx);
    },
    *steps(ctx) {
      const size = checkedSize(readNumber(asBuffer(yield 8), 0));
      const buffer = size === 0 ? NO_BYTES : asBuffer(yield paddedLength(size));
      checkPadding(buffer, size, buffer.length);
      return parse(buffer, { start: 0, end: size }, ctx);
    },
    encode,
  });
}

function checkPadding(buffer: Buffer, start: number, end: number): void {
  for (let at = start; at < end; at++)
    if (buffer[at] !== 0) throw new ElsewhereError("MALFORMED", "Cannot accept a string: non-zero padding");
}

function checkedSize(size: number): number {
  if (size > STRING_BYTES_MAX) throw new LimitError("a string (in bytes)", size, STRING_BYTES_MAX);
  return size;
}

function readNumber(bytes: Buffer, at: number): number {
  const high = bytes.readUInt32LE(at + 4);
  if (high > HIGH_MAX)
    throw new MalformedError("number", `${bytes.readBigUInt64LE(at)}`, "it is above 2^53-1");
  return high * 2 ** 32 + bytes.readUInt32LE(at);
}

function readText(buffer: Buffer, { start, end }: Extent): string {
  const latin1 = buffer.toString("latin1", start, end);
  return NON_ASCII.test(latin1) ? decodeText(buffer.subarray(start, end)) : latin1;
}

const HIGH_MAX = 2 ** 21 - 1;
const NON_ASCII = /[^\x00-\x7f]/;
const NO_BYTES = asBuffer(new Uint8Array(0));

import type { Buffer } from "node:buffer";
import { type Decoding, PEEK } from "#base/decoding.ts";
import { LimitError } from "#base/errors.ts";
import { asBuffer } from "#base/text.ts";
import type { StoreDir } from "#nix/store-path.ts";
import { ByteWriter } from "./byte-writer.ts";
import { Cursor, SHORT } from "./cursor.ts";
import { MESSAGE_BYTES_MAX } from "./limits.ts";

/** What the bytes of a message depend on besides its value. */
export interface WireContext {
  /** The negotiated minor version: 38 of 1.38, 7 of 2.7. */
  readonly version: number;
  /** The negotiated features. */
  readonly features: ReadonlySet<string>;
  readonly storeDir: StoreDir;
}

/** How values of one type are written and read. */
export interface Codec<T> extends CodecParts<T> {
  /** Reads one value, at once when all of it is at hand, else part by part as bytes come. */
  decode(ctx: WireContext): Decoding<T>;
}

export interface CodecParts<T> {
  /** Reads a value that is at hand; throws `SHORT` when it is not, or not all of it. */
  read(cursor: Cursor, ctx: WireContext): T;
  /** Reads a value of which bytes are missing. Same result as `read`. */
  steps(ctx: WireContext): Decoding<T>;
  encode(value: T, out: ByteWriter, ctx: WireContext): void;
  /** Whether it takes no bytes at all in this context. */
  isEmpty(ctx: WireContext): boolean;
}

/** The type of a codec's values. */
export type ValueOf<C> = C extends Codec<infer T> ? T : never;

/** Makes a codec from its parts. */
export function defineCodec<T>(
  parts: Omit<CodecParts<T>, "isEmpty"> & { isEmpty?: CodecParts<T>["isEmpty"] },
): Codec<T> {
  const codec: Codec<T> = {
    isEmpty: () => false,
    ...parts,
    decode: (ctx) => decodeMessage(codec, ctx),
  };
  return codec;
}

/** The bytes of one value. */
export function encodeToBuffer<T>(codec: Codec<T>, value: T, ctx: WireContext): Buffer {
  const out = new ByteWriter();
  codec.encode(value, out, ctx);
  return out.take();
}

function* decodeMessage<T>(codec: Codec<T>, ctx: WireContext): Decoding<T> {
  if (codec.isEmpty(ctx)) return codec.read(new Cursor(NO_BYTES), ctx);
  const cursor = new Cursor(asBuffer(yield PEEK));
  let value: T;
  try {
    value = codec.read(cursor, ctx);
  } catch (error) {
    if (error !== SHORT) throw error;
    return yield* bounded(codec.steps(ctx));
  }
  yield cursor.offset;
  return value;
}

function* bounded<T>(steps: Decoding<T>): Decoding<T> {
  let total = 0;
  let step = steps.next();
  while (!step.done) {
    total += Math.abs(step.value);
    if (total > MESSAGE_BYTES_MAX) throw new LimitError("a message (in bytes)", total, MESSAGE_BYTES_MAX);
    step = steps.next(yield step.value);
  }
  return step.value;
}

const NO_BYTES = asBuffer(new Uint8Array(0));

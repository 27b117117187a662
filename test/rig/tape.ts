import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { decodeBytes } from "#base/byte-reader.ts";
import { type Decoding, PEEK } from "#base/decoding.ts";
import { EndOfInputError } from "#base/errors.ts";
import { decodeNar } from "#nix/nar/decode-nar.ts";
import { BLIND_VISITOR } from "#nix/nar/visitor.ts";
import { type Codec, encodeToBuffer, type WireContext } from "#wire/codec/codec.ts";
import type { Dialogue } from "#wire/codec/dialogue.ts";

/** One direction of a recorded connection, read from its beginning to its end. */
export class Tape {
  readonly bytes: Buffer;
  position = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.position === this.bytes.length;
  }

  read<T>(decoding: Decoding<T>): T {
    const { value, rest } = decodeBytes(decoding, this.bytes.subarray(this.position), "the recording");
    this.position = this.bytes.length - rest.length;
    return value;
  }

  /**
   * Reads a message in both ways that a codec has, and holds it to write the same bytes; where its sender
   * was not `canonical`, as no program is that was made by hand, bytes that mean the same.
   */
  message<T>(codec: Codec<T>, ctx: WireContext, { canonical = true } = {}): T {
    const start = this.position;
    const value = this.read(codec.decode(ctx));
    const recorded = this.bytes.subarray(start, this.position);
    assert.deepEqual(decodeByteByByte(codec.decode(ctx), recorded), value);
    const rewritten = encodeToBuffer(codec, value, ctx);
    if (canonical) assertSameBytes(rewritten, recorded);
    else assert.deepEqual(decodeBytes(codec.decode(ctx), rewritten).value, value);
    return value;
  }

  /** A NAR, unread. */
  nar(): Buffer {
    const start = this.position;
    this.read(decodeNar(BLIND_VISITOR));
    return this.bytes.subarray(start, this.position);
  }

  take(count: number): Buffer {
    if (count > this.bytes.length - this.position) throw new EndOfInputError("the recording");
    this.position += count;
    return this.bytes.subarray(this.position - count, this.position);
  }
}

/** Holds one side of a dialogue against the recording of the other side; returns what it sent, too. */
export function holdWith<T>(dialogue: Dialogue<T>, other: Tape): { agreed: T; sent: Buffer } {
  const sent: Uint8Array[] = [];
  let step = dialogue.next(NO_BYTES);
  while (!step.done) {
    if (typeof step.value !== "number") {
      sent.push(step.value);
      step = dialogue.next(NO_BYTES);
    } else if (step.value === PEEK) {
      step = dialogue.next(other.bytes.subarray(other.position));
    } else {
      step = dialogue.next(other.take(step.value));
    }
  }
  return { agreed: step.value, sent: Buffer.concat(sent) };
}

/** Decodes bytes that arrive one at a time, and that must be all needed. */
export function decodeByteByByte<T>(decoding: Decoding<T>, bytes: Buffer): T {
  let position = 0;
  let step = decoding.next();
  while (!step.done) {
    const count = step.value === PEEK ? 1 : step.value;
    assert.ok(count > 0 && position + count <= bytes.length, "it asks for more bytes than it needs");
    const piece = bytes.subarray(position, position + count);
    if (step.value !== PEEK) position += count;
    step = decoding.next(piece);
  }
  assert.equal(position, bytes.length, "it leaves bytes");
  return step.value;
}

export function assertSameBytes(found: Buffer, expected: Buffer): void {
  if (!found.equals(expected))
    assert.equal(found.toString("latin1"), expected.toString("latin1"), "the bytes differ");
}

const NO_BYTES = new Uint8Array(0);

import type { Buffer } from "node:buffer";
import type { ByteReader, ByteSource } from "#base/byte-reader.ts";
import type { WireContext } from "#wire/codec/codec.ts";
import { bytes } from "#wire/codec/primitives.ts";
import { FramedSource } from "#wire/daemon/frames.ts";
import type { BodyKind } from "#wire/daemon/operation.ts";
import { narBody } from "../nar-body.ts";
import type { Reporter } from "./reporter.ts";

/** The contents that come with a request. */
export interface RequestBody extends ByteSource {
  /** Reads and drops what nobody has read, where the end of it can be found; false where it cannot. */
  drain(): Promise<boolean>;
}

export interface BodyParts {
  readonly reader: ByteReader;
  readonly ctx: WireContext;
  readonly reporter: Reporter;
  /** Sends what the reporter has said: the client waits for it. */
  flush(): Promise<void>;
}

/** The body of a request of this kind, from where the request has ended. */
export function requestBody(kind: BodyKind | undefined, parts: BodyParts): RequestBody {
  switch (kind) {
    case undefined:
      return NO_BODY;
    case "frames":
      return framed(new FramedSource(parts.reader, parts.ctx));
    case "nar":
      return drainable(narBody(parts.reader)[Symbol.asyncIterator]());
    case "pull":
      return drainable(pulled(parts), { isOpenEnded: true });
  }
}

const NO_BODY: RequestBody = {
  async *[Symbol.asyncIterator]() {},
  drain: async () => true,
};

function framed(frames: FramedSource): RequestBody {
  return {
    [Symbol.asyncIterator]: () => frames[Symbol.asyncIterator](),
    drain: async () => {
      await frames.drain();
      return true;
    },
  };
}

function drainable(source: AsyncIterator<Uint8Array>, { isOpenEnded = false } = {}): RequestBody {
  return {
    // Whoever stops early must not end the source: what is left of it has still to be read.
    [Symbol.asyncIterator]: () => ({ next: () => source.next() }),
    drain: async () => {
      if (isOpenEnded) return true;
      while (!(await source.next()).done);
      return true;
    },
  };
}

/** Contents that the client sends a piece at a time, when asked. They end when nobody asks any more. */
async function* pulled({ reader, ctx, reporter, flush }: BodyParts): AsyncGenerator<Buffer> {
  for (;;) {
    reporter.frame({ kind: "pull", count: PULL_BYTES });
    await flush();
    const piece = await reader.read(bytes.decode(ctx));
    if (piece.length === 0) return;
    yield piece as Buffer;
  }
}

/** How much a client is asked to send at a time, in bytes. */
const PULL_BYTES = 64 * 1024;

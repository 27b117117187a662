import { Buffer } from "node:buffer";
import { isDeepStrictEqual } from "node:util";
import type { ByteReader } from "#base/byte-reader.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import {
  type DaemonRecording,
  decodeDaemonRecording,
  type RecordedOperation,
} from "#rig/daemon-recording.ts";
import type { Transcript } from "#rig/transcripts.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import { type Codec, encodeToBuffer } from "#wire/codec/codec.ts";
import { hold } from "#wire/codec/dialogue.ts";
import { u64 } from "#wire/codec/primitives.ts";
import { type DaemonConnection, welcomeClient } from "#wire/daemon/handshake.ts";
import type { Operation } from "#wire/daemon/operation.ts";
import { operationsByCode } from "#wire/daemon/operations.ts";
import { serverFrame } from "#wire/daemon/stderr.ts";
import { playedStream } from "./played-stream.ts";

/** A daemon that knows nothing but what was recorded: the same request gets the same answer, frame for frame. */
export class ScriptedDaemon {
  readonly recordings: readonly DaemonRecording[];
  /** What it was asked and has no recorded answer to. */
  readonly unknown: string[] = [];
  /** What it was asked, as far as recorded clients asked the same. */
  readonly asked: RecordedOperation[] = [];
  readonly #minor: number;

  constructor(recorded: readonly Transcript[]) {
    this.recordings = recorded.map(decodeDaemonRecording);
    this.#minor = recorded[0]!.fromServer.readUInt8(8);
  }

  get operations(): RecordedOperation[] {
    return this.recordings.flatMap(({ operations }) => operations);
  }

  connect(): ByteStream {
    return playedStream((said, answer) => this.#serve(said, answer));
  }

  async #serve(said: ByteReader, answer: (bytes: Uint8Array) => void): Promise<void> {
    const { nixVersion = "", trusted } = this.recordings[0]!.connection;
    const greeting = { storeDir: DEFAULT_STORE_DIR, minor: this.#minor, nixVersion, trusted };
    const ctx = await hold(welcomeClient(greeting), said, answer);
    while (!(await said.atEnd())) {
      const operation = operationsByCode.get(await said.read(u64.decode(ctx)))!;
      const request = await said.read(operation.request.decode(ctx));
      const body = operation.requestBody(ctx) === "frames" ? await frames(said, ctx) : undefined;
      answer(this.#answer({ operation, request, body }, ctx));
    }
  }

  #answer(asked: Asked, ctx: DaemonConnection): Buffer {
    const known = this.operations.find((recorded) => isSame(recorded, asked));
    const say = <T>(codec: Codec<T>, value: T) => encodeToBuffer(codec, value, ctx);
    if (known) {
      this.asked.push(known);
      const reply = known.frames.at(-1)?.kind === "last" ? say(known.operation.reply, known.reply) : NOTHING;
      return Buffer.concat([
        ...known.frames.map((frame) => say(serverFrame, frame)),
        reply,
        known.nar ?? NOTHING,
      ]);
    }
    this.unknown.push(asked.operation.name);
    const failure = { message: `nobody asked for ${asked.operation.name} of that`, level: 0, traces: [] };
    return asked.operation.name === "SetOptions"
      ? say(serverFrame, { kind: "last" })
      : say(serverFrame, { kind: "error", failure });
  }
}

interface Asked {
  readonly operation: Operation<unknown, unknown>;
  readonly request: unknown;
  readonly body: Buffer | undefined;
}

function isSame(recorded: RecordedOperation, asked: Asked): boolean {
  return (
    recorded.operation === asked.operation &&
    isDeepStrictEqual(recorded.request, asked.request) &&
    (asked.body === undefined || recorded.body?.equals(asked.body) === true)
  );
}

async function frames(reader: ByteReader, ctx: DaemonConnection): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const length = await reader.read(u64.decode(ctx));
    if (length === 0) return Buffer.concat(pieces);
    for await (const chunk of reader.chunks(length)) pieces.push(Buffer.from(chunk));
  }
}

const NOTHING = Buffer.alloc(0);

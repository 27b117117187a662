import { Buffer } from "node:buffer";
import { ByteReader } from "#base/byte-reader.ts";
import { Deferred } from "#base/deferred.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import { type Codec, encodeToBuffer } from "#wire/codec/codec.ts";
import { hold } from "#wire/codec/dialogue.ts";
import { bytes, u64 } from "#wire/codec/primitives.ts";
import { FRAMES_END, frameHeader } from "#wire/daemon/frames.ts";
import { type DaemonConnection, greetDaemon } from "#wire/daemon/handshake.ts";
import type { Operation } from "#wire/daemon/operation.ts";
import { type ServerFrame, serverFrame } from "#wire/daemon/stderr.ts";

/** One direction of a conversation in memory. */
export class Channel implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = [];
  #ended = false;
  #news = new Deferred<void>();

  push(chunk: Uint8Array): void {
    this.#chunks.push(Buffer.from(chunk));
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      while (this.#chunks.length > 0) yield this.#chunks.shift()!;
      if (this.#ended) return;
      await this.#news.promise;
    }
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = new Deferred();
  }
}

/** A client of the worker protocol that a test speaks through, and the stream that its server is given. */
export class TalkingClient {
  readonly #said = new Channel();
  readonly #heard = new Channel();
  readonly #reader = new ByteReader(this.#heard, "what the server says");
  #ctx!: DaemonConnection;
  #toPull: Buffer = Buffer.alloc(0);

  get stream(): ByteStream {
    return {
      peer: "a client",
      source: this.#said,
      closed: new Promise(() => undefined),
      write: (bytes) => this.#heard.push(bytes),
      end: () => this.#heard.end(),
      [Symbol.asyncDispose]: async () => this.#heard.end(),
    };
  }

  async greet(minor = 38): Promise<DaemonConnection> {
    const greeting = greetDaemon({ storeDir: DEFAULT_STORE_DIR, minor });
    this.#ctx = await hold(greeting, this.#reader, (bytes) => this.#said.push(bytes));
    return this.#ctx;
  }

  say<T>(codec: Codec<T>, value: T): void {
    this.#said.push(encodeToBuffer(codec, value, this.#ctx));
  }

  ask<Request>(operation: Operation<Request, unknown>, request: Request): void {
    this.say(u64, operation.code);
    this.say(operation.request, request);
  }

  sayFrames(...bodies: readonly Uint8Array[]): void {
    for (const body of bodies) {
      this.#said.push(frameHeader(body.length));
      this.#said.push(body);
    }
    this.#said.push(FRAMES_END);
  }

  /** Says it a piece at a time, as the server asks for them. */
  sayPulled(body: Buffer): void {
    this.#toPull = body;
  }

  async hear<T>(codec: Codec<T>): Promise<T> {
    return await this.#reader.read(codec.decode(this.#ctx));
  }

  /** The frames up to the one that says how it ended. */
  async hearFrames(): Promise<ServerFrame[]> {
    const frames: ServerFrame[] = [];
    for (;;) {
      const frame = await this.hear(serverFrame);
      if (frame.kind === "pull") {
        this.say(bytes, this.#toPull.subarray(0, frame.count));
        this.#toPull = this.#toPull.subarray(frame.count);
        continue;
      }
      frames.push(frame);
      if (frame.kind === "last" || frame.kind === "error") return frames;
    }
  }

  /** The error that an operation ended with. */
  async hearError(): Promise<string> {
    const end = (await this.hearFrames()).at(-1)!;
    if (end.kind !== "error") throw new Error("It did not fail");
    return end.failure.message;
  }

  async hearReply<Reply>(operation: { readonly reply: Codec<Reply> }): Promise<Reply> {
    const end = (await this.hearFrames()).at(-1)!;
    if (end.kind === "error") throw new Error(end.failure.message);
    return await this.hear(operation.reply);
  }

  /** Whether the server has ended the conversation, and said nothing more. */
  async hearEnd(): Promise<boolean> {
    return await this.#reader.atEnd();
  }

  hangUp(): void {
    this.#said.end();
  }
}

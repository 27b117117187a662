import { setTimeout } from "node:timers/promises";
import { ByteReader, type ByteSource } from "#base/byte-reader.ts";
import type { Decoding } from "#base/decoding.ts";
import { type ElsewhereError, EndOfInputError } from "#base/errors.ts";
import { decodeText } from "#base/text.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import { TransportError } from "#transport/transport-error.ts";
import { ByteWriter } from "#wire/codec/byte-writer.ts";
import { type Dialogue, hold } from "#wire/codec/dialogue.ts";
import { RemoteError } from "#wire/daemon/remote-error.ts";
import type { NarOptions } from "./store.ts";

/**
 * The client's end of a conversation: what is sent is gathered and goes out once a turn of the event loop;
 * what fails is told in the words of whoever knows why. One read at a time.
 */
export class Peer implements AsyncDisposable {
  readonly #stream: ByteStream;
  readonly #reader: ByteReader;
  readonly #first: FirstBytes;
  readonly #out = new ByteWriter();
  #flushScheduled = false;
  #isUsable = true;

  constructor(stream: ByteStream) {
    this.#stream = stream;
    this.#first = new FirstBytes(stream.source);
    this.#reader = new ByteReader(this.#first, stream.peer);
    void stream.closed.then(() => {
      this.#isUsable = false;
    });
  }

  get name(): string {
    return this.#stream.peer;
  }

  /** False once the peer is gone, or what it sent can no longer be told apart. */
  get isUsable(): boolean {
    return this.#isUsable;
  }

  /** What is written here is sent by `flush`, or soon by itself after `scheduleFlush`. */
  get out(): ByteWriter {
    return this.#out;
  }

  /** Sends what was written, before the event loop waits for anything. */
  scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(() => {
      this.#flushScheduled = false;
      this.flush()?.catch(() => undefined);
    });
  }

  /** Sends what was written. What it returns resolves when more may be sent. Never throws: the reader learns why. */
  flush(): Promise<void> | undefined {
    let waiting: Promise<void> | undefined;
    for (const chunk of this.#out.takeChunks()) waiting = this.#write(chunk) ?? waiting;
    return waiting;
  }

  /** Holds the opening dialogue; hangs up when it fails. `magic` begins what a peer that speaks the protocol answers. */
  async greet<T>(dialogue: Dialogue<T>, magic: Uint8Array): Promise<T> {
    try {
      return await hold(dialogue, this.#reader, (bytes) => this.#write(bytes));
    } catch (error) {
      this.#isUsable = false;
      const isGarbled = !this.#first.startLike(magic);
      const why = isGarbled
        ? garbledError(this.name, this.#first.text)
        : await this.#explain(error, "greeting it");
      await this[Symbol.asyncDispose]();
      throw why;
    } finally {
      this.#first.forget();
    }
  }

  /** Reads one thing; `doing` names what was asked for, in errors. */
  async read<T>(decoding: Decoding<T>, doing: string): Promise<T> {
    try {
      return await this.#reader.read(decoding);
    } catch (error) {
      if (error instanceof RemoteError) throw error;
      this.#isUsable = false;
      throw await this.#explain(error, doing);
    }
  }

  /** The next `count` bytes. A consumer that stops early makes the connection useless. */
  async *bytes(
    count: number,
    { doing, reuseChunks = false }: { readonly doing: string } & NarOptions,
  ): ByteSourceGenerator {
    let left = count;
    try {
      for await (const chunk of this.#reader.chunks(count)) {
        left -= chunk.length;
        yield chunk;
        if (reuseChunks) this.#stream.recycle?.(chunk);
      }
    } catch (error) {
      throw await this.#explain(error, doing);
    } finally {
      if (left > 0) this.#isUsable = false;
    }
  }

  /** Not to be used again. */
  abandon(): void {
    this.#isUsable = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isUsable = false;
    await this.#stream[Symbol.asyncDispose]();
  }

  #write(bytes: Uint8Array): Promise<void> | undefined {
    try {
      return this.#stream.write(bytes) ?? undefined;
    } catch {
      // The peer is gone; what it said last, and why it went, is found by reading.
      this.#isUsable = false;
      return undefined;
    }
  }

  async #explain(error: unknown, doing: string): Promise<unknown> {
    if (!(error instanceof EndOfInputError) && !(error instanceof Error && "errno" in error)) return error;
    const why = await Promise.race([
      this.#stream.closed,
      setTimeout(LAST_WORDS_MS, undefined, { ref: false }),
    ]);
    return (
      why ??
      new TransportError("TRANSPORT_LOST", `Lost ${this.name}: it hung up while ${doing}`, { cause: error })
    );
  }
}

type ByteSourceGenerator = AsyncGenerator<Uint8Array, void, undefined>;

/** Passes a stream on and remembers how it begins. */
class FirstBytes implements ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #head: Buffer | undefined = Buffer.alloc(0);

  constructor(source: ByteSource) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return { next: () => (this.#head === undefined ? this.#chunks.next() : this.#recorded()) };
  }

  startLike(magic: Uint8Array): boolean {
    const head = this.#head ?? Buffer.alloc(0);
    return magic.subarray(0, head.length).every((byte, index) => byte === head[index]);
  }

  get text(): string {
    return decodeText(this.#head ?? Buffer.alloc(0));
  }

  forget(): void {
    this.#head = undefined;
  }

  async #recorded(): Promise<IteratorResult<Uint8Array>> {
    const next = await this.#chunks.next();
    if (!next.done && this.#head !== undefined && this.#head.length < HEAD_BYTES_MAX)
      this.#head = Buffer.concat([this.#head, next.value.subarray(0, HEAD_BYTES_MAX)]);
    return next;
  }
}

function garbledError(peer: string, found: string): ElsewhereError {
  const shown = found.replace(/[^\x20-\x7e\n]/g, "·").trim();
  return new TransportError(
    "TRANSPORT_GARBLED",
    `Cannot talk to ${peer}: instead of the protocol came '${shown}'`,
    {
      hint: "Something there prints before the server starts: a shell's start-up file, a forced command, or a login that is not allowed (nologin). `ssh HOST true` must print nothing",
    },
  );
}

/** How much of a beginning that is not the protocol an error shows, in bytes. */
const HEAD_BYTES_MAX = 512;
/** How long a peer that closed its output may take to say why, in milliseconds. */
const LAST_WORDS_MS = 2000;

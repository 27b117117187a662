import type { ByteSource } from "#base/byte-reader.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import { ByteWriter } from "#wire/codec/byte-writer.ts";
import type { Codec, WireContext } from "#wire/codec/codec.ts";

/**
 * What a server says, in as few writes as can be: messages of one turn of the event loop go out together,
 * so that a client which asks many questions at once gets its answers at once.
 */
export class ReplyWriter {
  readonly #stream: ByteStream;
  readonly #out = new ByteWriter();
  #blocked: Promise<void> | undefined;
  #scheduled = false;
  #fault: unknown;

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  /** Bytes that the client has not taken yet and that are kept here for it. */
  get backlog(): number {
    return this.#out.length;
  }

  write<T>(codec: Codec<T>, value: T, ctx: WireContext): void {
    codec.encode(value, this.#out, ctx);
    this.#schedule();
  }

  raw(bytes: Uint8Array): void {
    this.#out.raw(bytes);
    this.#schedule();
  }

  /** Sends contents as they come, no faster than the client takes them. */
  async send(body: ByteSource): Promise<void> {
    for await (const chunk of body) {
      this.#out.raw(chunk);
      if (this.#out.length >= BODY_PIECE_BYTES) await this.flush();
      else this.#schedule();
    }
  }

  /** Resolves when what was written is on its way. Throws when the client has gone. */
  async flush(): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault;
    while (this.#out.length > 0 || this.#blocked) {
      if (this.#blocked) await this.#blocked;
      else this.#push();
      if (this.#fault !== undefined) throw this.#fault;
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#blocked) this.#push();
    });
  }

  #push(): void {
    try {
      for (const chunk of this.#out.takeChunks()) this.#hold(this.#stream.write(chunk));
    } catch (error) {
      this.#fault ??= error;
    }
  }

  /** Waits with the next push until the client has taken enough of what it was sent. */
  #hold(taken: Promise<void> | void): void {
    if (taken) this.#blocked = taken.then(() => this.#unblock());
  }

  #unblock(): void {
    this.#blocked = undefined;
    if (this.#out.length > 0) this.#schedule();
  }
}

/** How much of a body is gathered before it is sent, in bytes. */
const BODY_PIECE_BYTES = 256 * 1024;

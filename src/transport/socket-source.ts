import { Buffer } from "node:buffer";
import { type OnReadOpts, Socket } from "node:net";
import type { Readable } from "node:stream";
import type { ByteSource } from "#base/byte-reader.ts";
import { Deferred } from "#base/deferred.ts";

/**
 * What a socket receives, read into large buffers that are filled again when they are given back. Node's own stream
 * takes one for every piece, of 64 KiB at most: with those a large path takes half as much processor time again.
 */
export class SocketSource implements ByteSource {
  /** For the socket that is then attached. */
  readonly onread: OnReadOpts = {
    buffer: () => this.#room(),
    callback: (count, buffer) => this.#received(count, buffer as Buffer),
  };
  readonly #waiting: Uint8Array[] = [];
  readonly #spare: Buffer[] = [];
  /** The buffers of chunks that were handed out, and the length of each. */
  readonly #lent = new WeakMap<ArrayBufferLike, number>();
  #resting: Buffer | undefined;
  #socket: Socket | undefined;
  #isPaused = false;
  #change = new Deferred<void>();
  #end: { readonly error: Error | undefined } | undefined;

  /** Reads on in the place of a socket that nobody has read from; undefined where `stream` is none. */
  static inPlaceOf(stream: Readable): SocketSource | undefined {
    // Node takes buffers for a new socket only, and makes those of a child process itself.
    const owner = stream as Readable & { _handle?: object | null };
    if (!owner._handle) return undefined;
    const source = new SocketSource();
    const options = { handle: owner._handle, onread: source.onread };
    owner._handle = null;
    owner.destroy();
    source.attach(new Socket(options as object));
    return source;
  }

  /** Call it once, with the socket that was given `onread`. */
  attach(socket: Socket): void {
    this.#socket = socket;
    socket.once("error", (error) => this.#finish(error));
    socket.once("end", () => this.#finish(undefined));
    socket.once("close", () => this.#finish(undefined));
  }

  /** What was attached, for what happens to it. */
  get socket(): Socket {
    return this.#socket!;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: () => this.#next(),
      return: async () => {
        this.socket.destroy();
        return { done: true, value: undefined };
      },
    };
  }

  /**
   * Takes back a chunk that nobody looks at any more; no part of one. Its memory is filled again when another was given
   * back too: a decoder that asks for more may still hold the end of this one.
   */
  recycle(chunk: Uint8Array): void {
    if (this.#lent.get(chunk.buffer) !== chunk.length) return;
    this.#lent.delete(chunk.buffer);
    if (this.#resting) this.#spare.push(this.#resting);
    this.#resting = Buffer.from(chunk.buffer);
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const chunk = this.#waiting.shift();
      if (chunk) return { done: false, value: chunk };
      if (this.#end?.error) throw this.#end.error;
      if (this.#end) return { done: true, value: undefined };
      if (this.#isPaused) this.socket.resume();
      this.#isPaused = false;
      await this.#change.promise;
    }
  }

  #room(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
  }

  /** Returns whether more may come. */
  #received(count: number, buffer: Buffer): boolean {
    const chunk = buffer.subarray(0, count);
    if (count > COPIED_BYTES_MAX) {
      this.#lent.set(chunk.buffer, count);
      this.#waiting.push(chunk);
    } else {
      this.#waiting.push(Buffer.from(chunk));
      this.#spare.push(buffer);
    }
    this.#isPaused = this.#waiting.length >= WAITING_CHUNKS_MAX;
    this.#announce();
    return !this.#isPaused;
  }

  #finish(error: Error | undefined): void {
    this.#end ??= { error };
    this.#announce();
  }

  #announce(): void {
    this.#change.resolve();
    this.#change = new Deferred<void>();
  }
}

/** Above what a socket holds back by default, in bytes. */
const BUFFER_BYTES = 256 * 1024;
/** Chunks up to this size are handed out for good: many who gather what is small keep more than one. */
const COPIED_BYTES_MAX = 64 * 1024;
/** No more is received while so many chunks wait. */
const WAITING_CHUNKS_MAX = 2;

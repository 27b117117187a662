import type { Readable, Writable } from "node:stream";
import type { ByteSource } from "#base/byte-reader.ts";
import { Deferred } from "#base/deferred.ts";
import type { ByteStream } from "./byte-stream.ts";
import type { SocketSource } from "./socket-source.ts";
import { TransportError } from "./transport-error.ts";

/** What `NodeByteStream` is made of. */
export interface NodeStreamParts {
  readonly peer: string;
  readonly input: Readable;
  /** What is read in the place of `input`. */
  readonly source?: SocketSource | undefined;
  readonly output: Writable;
  /** Frees what carries the bytes; called once. */
  readonly close: () => Promise<void> | void;
}

/** A byte stream over a pair of Node streams. Who makes it tells it by `settle` when the carrier is gone. */
export class NodeByteStream implements ByteStream {
  readonly peer: string;
  readonly source: ByteSource;
  readonly closed: Promise<Error | undefined>;
  readonly #lender: SocketSource | undefined;
  readonly #output: Writable;
  readonly #close: () => Promise<void> | void;
  readonly #closed = new Deferred<Error | undefined>();
  #disposal: Promise<void> | undefined;
  #drained: Deferred<void> | undefined;

  constructor({ peer, input, source, output, close }: NodeStreamParts) {
    this.peer = peer;
    this.source = source ?? input;
    this.#lender = source;
    this.closed = this.#closed.promise;
    this.#output = output;
    this.#close = close;
    // The reader sees the end of input, `closed` says why: neither needs an unhandled event.
    input.on("error", () => undefined);
    output.on("error", () => undefined);
    output.on("drain", () => this.#release());
    output.on("close", () => this.#release());
  }

  recycle(chunk: Uint8Array): void {
    this.#lender?.recycle(chunk);
  }

  write(bytes: Uint8Array): Promise<void> | void {
    if (this.#output.destroyed || this.#output.writableEnded)
      throw new TransportError("TRANSPORT_LOST", `Cannot send to ${this.peer}: the connection is closed`);
    if (this.#output.write(bytes)) return;
    this.#drained ??= new Deferred<void>();
    return this.#drained.promise;
  }

  end(): void {
    if (!this.#output.destroyed) this.#output.end();
  }

  /** Marks the stream as closed; the first call counts. */
  settle(error: Error | undefined): void {
    this.#closed.resolve(error);
    this.#release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= Promise.resolve(this.#close());
    await this.#disposal;
    this.settle(undefined);
  }

  #release(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }
}

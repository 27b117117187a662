import type { ByteSource } from "#base/byte-reader.ts";
import { Deferred } from "#base/deferred.ts";

/**
 * Reads a source before it is asked to, within a bound, so that its end is noticed while nobody reads.
 * Only so can a server that is busy with a build see that its client has gone.
 */
export class ReadAhead implements ByteSource {
  readonly #ended = new Deferred<void>();
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #over = false;
  #fault: unknown;
  #arrived: Deferred<void> | undefined;
  #room: Deferred<void> | undefined;

  constructor(source: ByteSource) {
    void this.#pump(source);
  }

  /** Resolves when the source has ended or failed, however much of it is still to be read here. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return { next: () => this.#next() };
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    while (this.#chunks.length === 0) {
      if (this.#fault !== undefined) throw this.#fault;
      if (this.#over) return { done: true, value: undefined };
      this.#arrived ??= new Deferred();
      await this.#arrived.promise;
    }
    const value = this.#chunks.shift()!;
    this.#bytes -= value.length;
    if (this.#bytes < READ_AHEAD_BYTES_MAX) this.#wake("#room");
    return { done: false, value };
  }

  async #pump(source: ByteSource): Promise<void> {
    try {
      for await (const chunk of source) {
        this.#chunks.push(chunk);
        this.#bytes += chunk.length;
        this.#wake("#arrived");
        if (this.#bytes >= READ_AHEAD_BYTES_MAX) {
          this.#room = new Deferred();
          await this.#room.promise;
        }
      }
    } catch (error) {
      this.#fault = error;
    }
    this.#over = true;
    this.#wake("#arrived");
    this.#ended.resolve();
  }

  #wake(which: "#room" | "#arrived"): void {
    if (which === "#room") {
      this.#room?.resolve();
      this.#room = undefined;
    } else {
      this.#arrived?.resolve();
      this.#arrived = undefined;
    }
  }
}

/** Bytes that are read before anyone asks for them. */
const READ_AHEAD_BYTES_MAX = 1024 * 1024;

import type { Buffer } from "node:buffer";
import { ByteQueue } from "./byte-queue.ts";
import { type Decoding, PEEK } from "./decoding.ts";
import { ElsewhereError, EndOfInputError } from "./errors.ts";

/** A stream of chunks: a file, a socket, a NAR. */
export type ByteSource = AsyncIterable<Uint8Array>;

/** Runs decoders over a stream of chunks. One read at a time. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #queue = new ByteQueue();
  readonly #what: string;
  #ended = false;
  #taken = 0;

  /** `what` names the stream in errors. */
  constructor(source: ByteSource, what = "the stream") {
    this.#chunks = source[Symbol.asyncIterator]();
    this.#what = what;
  }

  /** Bytes handed out so far. */
  get position(): number {
    return this.#taken;
  }

  /** Runs one decoder to its end. Synchronous inside as long as the bytes are at hand. */
  async read<T>(decoding: Decoding<T>): Promise<T> {
    let step = decoding.next();
    while (!step.done) {
      const want = step.value;
      const least = want > 0 ? want : 1;
      while (this.#queue.length < least) {
        if (!(await this.#fill())) {
          decoding.return(undefined as T);
          throw new EndOfInputError(this.#what);
        }
      }
      step = decoding.next(this.#hand(want));
    }
    return step.value;
  }

  /** The next `count` bytes as a stream, in chunks as they come. The caller must consume all of it. */
  async *chunks(count: number): AsyncGenerator<Buffer, void, undefined> {
    for (let left = count; left > 0; ) {
      while (this.#queue.length === 0) if (!(await this.#fill())) throw new EndOfInputError(this.#what);
      const piece = this.#takeSome(left);
      left -= piece.length;
      yield piece;
    }
  }

  /** Everything that is left, in chunks. */
  async *rest(): AsyncGenerator<Buffer, void, undefined> {
    while (this.#queue.length > 0 || (await this.#fill())) yield this.#takeSome(Number.MAX_SAFE_INTEGER);
  }

  /** Whether nothing is left. Waits for a chunk or the end. */
  async atEnd(): Promise<boolean> {
    while (this.#queue.length === 0) if (!(await this.#fill())) return true;
    return false;
  }

  /** Throws unless nothing is left. */
  async expectEnd(): Promise<void> {
    if (!(await this.atEnd()))
      throw new ElsewhereError("TRAILING_BYTES", `Cannot accept ${this.#what}: bytes follow its end`);
  }

  async #fill(): Promise<boolean> {
    if (this.#ended) return false;
    const next = await this.#chunks.next();
    if (next.done) this.#ended = true;
    else this.#queue.push(next.value);
    return !this.#ended;
  }

  #hand(want: number): Buffer {
    if (want === PEEK) return this.#queue.peek();
    return want > 0 ? this.#take(want) : this.#takeSome(-want);
  }

  #take(count: number): Buffer {
    this.#taken += count;
    return this.#queue.take(count);
  }

  #takeSome(count: number): Buffer {
    const piece = this.#queue.takeSome(count);
    this.#taken += piece.length;
    return piece;
  }
}

/** Runs one decoder over bytes that are all here; throws when they are too few, returns what was left over too. */
export function decodeBytes<T>(
  decoding: Decoding<T>,
  bytes: Uint8Array,
  what = "the bytes",
): { value: T; rest: Buffer } {
  const queue = new ByteQueue();
  queue.push(bytes);
  let step = decoding.next();
  while (!step.done) {
    const want = step.value;
    if (queue.length < (want > 0 ? want : 1)) throw new EndOfInputError(what);
    step = decoding.next(want === PEEK ? queue.peek() : want > 0 ? queue.take(want) : queue.takeSome(-want));
  }
  return { value: step.value, rest: queue.take(queue.length) };
}

import { ByteReader } from "#base/byte-reader.ts";
import { type Clock, systemClock } from "#base/clock.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import { ReadAhead } from "./read-ahead.ts";
import { ReplyWriter } from "./reply-writer.ts";

export interface ClientOptions {
  /**
   * Whether the client, having ended its input, still listens to what is sent: it may have sent all that it
   * wants before the first answer came. Without it, the end of input means that the client has gone.
   */
  readonly stillListens?: () => Promise<boolean>;
  readonly clock?: Clock;
}

/** A client of ours: what it asks, what it is told, and whether it is still there. */
export class ClientConnection implements AsyncDisposable {
  readonly peer: string;
  readonly reader: ByteReader;
  readonly writer: ReplyWriter;
  readonly #stream: ByteStream;
  readonly #hangUp = new AbortController();
  readonly #clock: Clock;

  constructor(stream: ByteStream, options: ClientOptions = {}) {
    const input = new ReadAhead(stream.source);
    this.#stream = stream;
    this.#clock = options.clock ?? systemClock;
    this.peer = stream.peer;
    this.reader = new ByteReader(input, `what ${stream.peer} sends`);
    this.writer = new ReplyWriter(stream);
    void input.ended.then(() => this.#watch(options.stillListens));
    void stream.closed.then((fault) => {
      if (fault || !options.stillListens) this.#gone();
    });
  }

  /** Aborted when the client has gone. */
  get hungUp(): AbortSignal {
    return this.#hangUp.signal;
  }

  /** Lets go of the client, as if it had hung up: what runs for it is stopped. */
  async drop(): Promise<void> {
    this.#gone();
    await this.#stream[Symbol.asyncDispose]();
  }

  /** Sends what is left. The stream stays its owner's to close. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.writer.flush().catch(() => undefined);
    this.#gone();
  }

  async #watch(stillListens: (() => Promise<boolean>) | undefined): Promise<void> {
    if (stillListens)
      while (!this.hungUp.aborted && (await stillListens()))
        await this.#clock.sleep(LISTENING_CHECK_MS, this.hungUp).catch(() => undefined);
    this.#gone();
  }

  #gone(): void {
    if (!this.hungUp.aborted) this.#hangUp.abort(new Error(`${this.peer} hung up`));
  }
}

/** How often a client that has sent all it has is looked after, in milliseconds. */
const LISTENING_CHECK_MS = 200;

import { Buffer } from "node:buffer";
import type { ByteStream } from "#transport/byte-stream.ts";

/** A client that has said all it has to say and listens to the end: a stream over what was recorded. */
export class RecordedClient implements ByteStream {
  readonly peer = "a recorded client";
  readonly closed = new Promise<Error | undefined>(() => undefined);
  readonly source: AsyncIterable<Uint8Array>;
  readonly #heard: Uint8Array[] = [];

  constructor(says: Uint8Array) {
    this.source = (async function* () {
      yield says;
    })();
  }

  /** Everything that the server said. */
  get heard(): Buffer {
    return Buffer.concat(this.#heard);
  }

  write(bytes: Uint8Array): void {
    this.#heard.push(Buffer.from(bytes));
  }

  end(): void {}

  async [Symbol.asyncDispose](): Promise<void> {}
}

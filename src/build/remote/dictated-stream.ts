import { Buffer } from "node:buffer";
import type { ByteSource } from "#base/byte-reader.ts";
import type { ByteStream } from "#transport/byte-stream.ts";

/**
 * A stream to another store by way of a builder, over a session that runs `dictationCommand`: what is written here the builder
 * says, and it puts in what its own store answers.
 */
export class DictatedStream implements ByteStream {
  readonly peer: string;
  readonly source: ByteSource;
  readonly closed: Promise<Error | undefined>;
  readonly #session: ByteStream;

  constructor(session: ByteStream, peer: string) {
    this.peer = peer;
    this.source = session.source;
    this.closed = session.closed;
    this.#session = session;
  }

  write(bytes: Uint8Array): Promise<void> | void {
    return this.#tell("say", escapeForPrintf(bytes));
  }

  /** Asks the builder's own store something. */
  ask(bytes: Uint8Array): void {
    void this.#tell("ask", escapeForPrintf(bytes));
  }

  /** Throws away so many bytes of what it answers. */
  drop(count: number): void {
    void this.#tell("drop", String(count));
  }

  /** Sends so many bytes of what it answers to the other store. */
  put(count: number): Promise<void> | void {
    return this.#tell("put", String(count));
  }

  end(): void {
    this.#session.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }

  #tell(what: string, text: string): Promise<void> | void {
    return this.#session.write(Buffer.from(`${what} ${text}\n`, "latin1"));
  }
}

/** Bytes as a format of the shell's `printf`. */
export function escapeForPrintf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += FORMS[byte]!;
  return text;
}

const PLAIN = /[A-Za-z0-9/._+=:,]/;
const FORMS: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  return PLAIN.test(char) ? char : `\\${byte.toString(8).padStart(3, "0")}`;
});

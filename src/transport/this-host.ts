import type { ByteStream } from "./byte-stream.ts";
import { openCommand } from "./command.ts";

export interface SessionOptions {
  readonly peer: string;
  readonly onStderr?: (chunk: Uint8Array) => void;
}

/** This machine in the place of a host: commands are started here. What Nix does for a host named `localhost`. */
export class ThisHost implements AsyncDisposable {
  /** Nothing is slow enough to be begun early. */
  prepare(): void {}

  async openSession(command: readonly string[], options: SessionOptions): Promise<ByteStream> {
    const [program = "", ...args] = command;
    return openCommand([program, ...args], options);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

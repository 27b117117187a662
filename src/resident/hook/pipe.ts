import { constants, openSync } from "node:fs";
import { Socket } from "node:net";

/** Opens the reading end of a pipe, without waiting for a writer. It ends when the last writer has gone. */
export function openPipeForReading(file: string): Socket {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  return quiet(new Socket({ fd, readable: true, writable: false }));
}

/** Opens the writing end of a pipe that somebody reads. */
export function openPipeForWriting(file: string): PipeWriter {
  const fd = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
  return new PipeWriter(quiet(new Socket({ fd, readable: false, writable: true })));
}

/** The same where nobody reads yet: what is written waits for him. */
export function openPipeBeforeReader(file: string): PipeWriter {
  const fd = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
  return new PipeWriter(quiet(new Socket({ fd, readable: false, writable: true })));
}

/** Writes to a reader that may be slow, or gone: what it leaves lying above a limit is dropped, and counted. */
export class PipeWriter {
  readonly #socket: Socket;
  #dropped = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  write(text: Uint8Array | string): void {
    if (this.#socket.destroyed) return;
    if (this.#socket.writableLength > BACKLOG_BYTES_MAX) {
      this.#dropped++;
      return;
    }
    if (this.#dropped > 0)
      this.#socket.write(`${this.#dropped} lines were dropped: they were read too slowly\n`);
    this.#dropped = 0;
    this.#socket.write(text);
  }

  /** Resolves when all is written, or nobody reads, and the pipe is closed here. */
  async close(): Promise<void> {
    if (this.#socket.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#socket.once("close", () => resolve());
      this.#socket.end(() => this.#socket.destroy());
    });
  }
}

/** That the other side went is noticed by who reads from it; what cannot be written any more is not missed. */
function quiet(socket: Socket): Socket {
  socket.on("error", () => socket.destroy());
  return socket;
}

/** How much may wait for a reader. */
const BACKLOG_BYTES_MAX = 16 * 1024 * 1024;

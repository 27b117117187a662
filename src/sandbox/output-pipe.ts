import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, constants, openSync, unlinkSync } from "node:fs";
import { Socket } from "node:net";
import { promisify } from "node:util";

/** A pipe for a program's output. */
export interface OutputPipe {
  readonly reader: Socket;
  /** Handed to the program as its standard output and error; close it with `closeWriter` once it is. */
  readonly writerFd: number;
  closeWriter(): void;
}

/**
 * Makes real pipes. What Node itself gives a child are sockets, and a builder that opens `/dev/stderr`
 * cannot open a socket; and one pipe for both streams keeps their order.
 */
export class OutputPipes {
  readonly #dir: string;
  #ready: Promise<string[]> = Promise.resolve([]);

  /** `dir` must exist; named pipes lie in it for a moment. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  async open(): Promise<OutputPipe> {
    const path = await this.#next();
    const readerFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writerFd = openSync(path, constants.O_WRONLY);
    unlinkSync(path);
    let open = true;
    const closeWriter = () => {
      if (open) closeSync(writerFd);
      open = false;
    };
    return { reader: new Socket({ fd: readerFd, readable: true, writable: false }), writerFd, closeWriter };
  }

  /** Removes the named pipes that were made ahead. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const path of await this.#ready.catch(() => [])) unlinkSync(path);
    this.#ready = Promise.resolve([]);
  }

  async #next(): Promise<string> {
    for (;;) {
      const path = (await this.#ready).pop();
      if (path !== undefined) return path;
      this.#ready = this.#make();
    }
  }

  async #make(): Promise<string[]> {
    const prefix = `${this.#dir}/pipe-${randomBytes(6).toString("hex")}`;
    const paths = Array.from({ length: PIPES_AHEAD }, (_, index) => `${prefix}-${index}`);
    await promisify(execFile)("mkfifo", ["-m", "600", ...paths]);
    return paths;
  }
}

/** Named pipes made by one `mkfifo`, so that its start costs each build little. */
const PIPES_AHEAD = 16;

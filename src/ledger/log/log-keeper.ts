import { createWriteStream, mkdirSync, type WriteStream } from "node:fs";
import { dirname } from "node:path";
import { Semaphore } from "#base/semaphore.ts";
import { encodeText } from "#base/text.ts";
import type { BuildEvent } from "#build/events.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { AttemptName } from "../change.ts";
import { type LogFiles, logFilesOf } from "./log-file.ts";
import { putAway } from "./put-away.ts";

/** Keeps the log of every attempt, wherever it ran. */
export class LogKeeper {
  readonly #stateDir: string;
  readonly #nameOf: (drvPath: StorePath) => AttemptName;
  readonly #open = new Map<StorePath, OpenLog>();
  readonly #closing = new Set<Promise<void>>();
  readonly #packing = new Semaphore(PACKED_AT_ONCE);

  /** `nameOf`: the attempt that a build is in. */
  constructor(stateDir: string, nameOf: (drvPath: StorePath) => AttemptName) {
    this.#stateDir = stateDir;
    this.#nameOf = nameOf;
  }

  take(event: BuildEvent): void {
    if (event.kind === "log-line") this.#append(event.drvPath, event.line);
    else if (event.kind === "attempt-lost" || event.kind === "build-finished") this.#end(event.drvPath);
  }

  async close(): Promise<void> {
    for (const drvPath of [...this.#open.keys()]) this.#end(drvPath);
    await Promise.all(this.#closing);
  }

  #append(drvPath: StorePath, line: string): void {
    const log = this.#open.get(drvPath) ?? this.#create(drvPath);
    if (log.bytes > LOG_BYTES_MAX) return;
    const bytes = encodeText(`${line}\n`);
    log.bytes += bytes.length;
    log.stream.write(bytes);
  }

  #create(drvPath: StorePath): OpenLog {
    const files = logFilesOf(this.#stateDir, this.#nameOf(drvPath));
    let bytes = 0;
    try {
      mkdirSync(dirname(files.growing), { recursive: true });
    } catch {
      // Without a home that can be written, logs are shown but not kept.
      bytes = Number.POSITIVE_INFINITY;
    }
    const log: OpenLog = { files, bytes, stream: createWriteStream(files.growing) };
    log.stream.on("error", () => (log.bytes = Number.POSITIVE_INFINITY));
    this.#open.set(drvPath, log);
    return log;
  }

  #end(drvPath: StorePath): void {
    const log = this.#open.get(drvPath);
    if (!log) return;
    this.#open.delete(drvPath);
    const closing = this.#finish(log).finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  async #finish({ stream, files }: OpenLog): Promise<void> {
    await new Promise<void>((resolve) => {
      stream.once("close", () => resolve());
      stream.end();
    });
    using _permit = await this.#packing.acquire();
    // What cannot be packed stays as it is, and is found there.
    await putAway(files).catch(() => undefined);
  }
}

interface OpenLog {
  readonly files: LogFiles;
  readonly stream: WriteStream;
  bytes: number;
}

/** What is kept of one log, in bytes; the rest is dropped. */
const LOG_BYTES_MAX = 256 * 1024 * 1024;
const PACKED_AT_ONCE = 2;

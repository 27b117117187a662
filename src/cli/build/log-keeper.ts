import { createWriteStream, existsSync, mkdirSync, readdirSync, statSync, type WriteStream } from "node:fs";
import { dirname, join } from "node:path";
import type { BuildEvent } from "#build/events.ts";
import { HASH_PART_LENGTH, type StorePath } from "#nix/store-path.ts";

/** Where the log of a build that this user had done is kept. */
export function keptLogFile(stateDir: string, drvPath: StorePath): string {
  return join(stateDir, "logs", drvPath.slice(0, 2), `${drvPath.slice(2)}.log`);
}

/** The newest log that is kept of a build called `name`: `hello-2.12`. */
export function newestKeptLog(stateDir: string, name: string): string | undefined {
  const folder = join(stateDir, "logs");
  const ending = `-${name.replace(/\.drv$/, "")}.drv.log`;
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
  const found = files
    // The rest of a hash, of which the folder has two characters, comes before the name.
    .filter((file) => file.endsWith(ending) && file.length === 3 + HASH_PART_LENGTH - 2 + ending.length)
    .map((file) => join(folder, file));
  return found.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}

/** Keeps the logs of builds, wherever they ran. The last attempt's log stays. */
export class LogKeeper {
  readonly #stateDir: string;
  readonly #open = new Map<StorePath, { stream: WriteStream; bytes: number }>();
  readonly #closing: Promise<void>[] = [];

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
  }

  take(event: BuildEvent): void {
    if (event.kind === "attempt-started") this.#end(event.drvPath);
    else if (event.kind === "build-finished") this.#end(event.drvPath);
    else if (event.kind === "log-line") this.#append(event.drvPath, `${event.line}\n`);
  }

  async close(): Promise<void> {
    for (const drvPath of [...this.#open.keys()]) this.#end(drvPath);
    await Promise.all(this.#closing);
  }

  #append(drvPath: StorePath, text: string): void {
    const log = this.#open.get(drvPath) ?? this.#create(drvPath);
    if (log.bytes > LOG_BYTES_MAX) return;
    log.bytes += text.length;
    log.stream.write(text);
  }

  #create(drvPath: StorePath) {
    const file = keptLogFile(this.#stateDir, drvPath);
    const log = { stream: undefined as unknown as WriteStream, bytes: 0 };
    try {
      mkdirSync(dirname(file), { recursive: true });
    } catch {
      // Without a home that can be written, logs are shown but not kept.
      log.bytes = Number.POSITIVE_INFINITY;
    }
    log.stream = createWriteStream(file, { flags: "w" });
    log.stream.on("error", () => (log.bytes = Number.POSITIVE_INFINITY));
    this.#open.set(drvPath, log);
    return log;
  }

  #end(drvPath: StorePath): void {
    const log = this.#open.get(drvPath);
    if (!log) return;
    this.#open.delete(drvPath);
    this.#closing.push(
      new Promise((resolve) => {
        log.stream.once("close", () => resolve());
        log.stream.end();
      }),
    );
  }
}

/** What is kept of one log, in bytes; the rest is dropped. */
const LOG_BYTES_MAX = 256 * 1024 * 1024;

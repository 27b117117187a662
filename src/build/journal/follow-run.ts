import { watch } from "node:fs";
import { open } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";
import { LimitError } from "#base/errors.ts";
import { parseEvent } from "../event-json.ts";
import type { BuildEvent } from "../events.ts";

export interface FollowOptions {
  /** Resolves when nothing more will be written. */
  readonly ended: Promise<void>;
  readonly signal: AbortSignal;
}

/** Everything that a run wrote down and will write down, until it has ended or `signal` aborts. */
export async function* followRun(file: string, options: FollowOptions): AsyncGenerator<BuildEvent> {
  for await (const line of followLines(file, options)) {
    const event = readEvent(line);
    if (event) yield event;
  }
}

/** A line that was cut off by the end of its writer, or is of a later version, says nothing to us. */
function readEvent(line: string): BuildEvent | undefined {
  try {
    return parseEvent(line);
  } catch {
    return undefined;
  }
}

/** The lines of a file that grows, as they come. */
async function* followLines(file: string, { ended, signal }: FollowOptions): AsyncGenerator<string> {
  await using handle = await open(file, "r");
  const news = new News(file, ended, signal);
  try {
    const decoder = new StringDecoder("utf8");
    const chunk = Buffer.alloc(READ_BYTES);
    let rest = "";
    for (;;) {
      // What is said to have come before this is there to be read.
      const isLast = news.isOver;
      for (let size = -1; size !== 0; ) {
        size = (await handle.read(chunk, 0, chunk.length, null)).bytesRead;
        const lines = (rest + decoder.write(chunk.subarray(0, size))).split("\n");
        rest = lines.pop()!;
        if (rest.length > LINE_CHARS_MAX)
          throw new LimitError("a line of a run's events", rest.length, LINE_CHARS_MAX);
        yield* lines;
        if (signal.aborted) return;
      }
      if (isLast) return;
      await news.next();
    }
  } finally {
    news.close();
  }
}

/** Whether there may be more to read. */
class News {
  isOver = false;
  readonly #watcher;
  #isFresh = false;
  #wake = () => undefined as undefined;

  constructor(file: string, ended: Promise<void>, signal: AbortSignal) {
    this.#watcher = watch(file, () => this.#come());
    this.#watcher.on("error", () => undefined);
    const over = () => {
      this.isOver = true;
      this.#come();
    };
    void ended.then(over);
    signal.addEventListener("abort", over, { once: true });
    if (signal.aborted) over();
  }

  async next(): Promise<void> {
    while (!this.#isFresh)
      await new Promise<void>((resolve) => {
        this.#wake = () => void resolve() as undefined;
      });
    this.#isFresh = false;
  }

  close(): void {
    this.#watcher.close();
  }

  #come(): void {
    this.#isFresh = true;
    this.#wake();
  }
}

const READ_BYTES = 256 * 1024;
/** A plan of a hundred thousand builds is one line. */
const LINE_CHARS_MAX = 64 * 1024 * 1024;

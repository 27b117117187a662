import { rmSync } from "node:fs";
import type { Socket } from "node:net";
import type { ByteSource } from "#base/byte-reader.ts";
import { type Clock, systemClock } from "#base/clock.ts";
import { ElsewhereError, LimitError } from "#base/errors.ts";
import { HELLO_BYTES_MAX, type Hello, isWholeHello, parseHello } from "./hello.ts";
import { openPipeBeforeReader, openPipeForReading, openPipeForWriting, type PipeWriter } from "./pipe.ts";

/** One process that Nix started as its hook, and that waits for how it shall end. */
export interface HookLine {
  readonly hello: Hello;
  /** What Nix says. */
  readonly input: ByteSource;
  /** Tells Nix, and through it the user. */
  tell(text: string): void;
  /** What the build says. */
  log(bytes: Uint8Array | string): void;
  /** Aborted when the process has gone: Nix does not want it any longer. */
  readonly hungUp: AbortSignal;
  /** Has the process end with an exit status, after all that was said has gone out. */
  end(status: number): Promise<void>;
}

/**
 * Answers the process that made two pipes whose names begin with `call`: `life`, which it keeps open for writing as long
 * as it lives, and `reply`, from which it reads its exit status. They are removed once both sides have them.
 */
export async function answerHook(call: string, clock: Clock = systemClock): Promise<HookLine> {
  const life = openPipeForReading(`${call}.life`);
  const reply = openPipeBeforeReader(`${call}.reply`);
  try {
    const hello = await readHello(life, clock);
    return new OpenLine(hello, { life, reply, call });
  } catch (error) {
    reply.write("1\n");
    await reply.close();
    life.destroy();
    removePipes(call, ["life", "reply", ...RELAYS]);
    throw error;
  }
}

class OpenLine implements HookLine {
  readonly hello: Hello;
  readonly #input: Socket;
  readonly #output: PipeWriter;
  readonly #log: PipeWriter;
  readonly #life: Socket;
  readonly #reply: PipeWriter;
  readonly #call: string;
  readonly #hangUp = new AbortController();

  constructor(hello: Hello, { life, reply, call }: { life: Socket; reply: PipeWriter; call: string }) {
    this.hello = hello;
    this.#life = life;
    this.#reply = reply;
    this.#input = openPipeForReading(hello.input);
    // Pipes of its own, from which processes pass on: they may still be on their way to them.
    const isRelayed = hello.output.startsWith(`${call}.`);
    const openForWriting = isRelayed ? openPipeBeforeReader : openPipeForWriting;
    this.#output = openForWriting(hello.output);
    this.#log = openForWriting(hello.log);
    this.#call = call;
    life.once("close", () => {
      this.#hangUp.abort(new Error("Nix ended its build hook"));
      this.#input.destroy();
    });
    life.resume();
    // What is open on both sides needs no name any longer.
    removePipes(call, ["life", "reply"]);
  }

  get input(): ByteSource {
    return this.#input;
  }

  get hungUp(): AbortSignal {
    return this.#hangUp.signal;
  }

  tell(text: string): void {
    this.#output.write(text);
  }

  log(bytes: Uint8Array | string): void {
    this.#log.write(bytes);
  }

  async end(status: number): Promise<void> {
    this.#input.destroy();
    await Promise.all([this.#output.close(), this.#log.close()]);
    this.#reply.write(`${status}\n`);
    await this.#reply.close();
    this.#life.destroy();
    removePipes(this.#call, RELAYS);
  }
}

function removePipes(call: string, names: readonly string[]): void {
  for (const name of names) rmSync(`${call}.${name}`, { force: true });
}

async function readHello(life: Socket, clock: Clock): Promise<Hello> {
  const late = new AbortController();
  void clock.sleep(GREETING_TIMEOUT_MS, late.signal).then(
    () => life.destroy(silent()),
    () => undefined,
  );
  const chunks: Buffer[] = [];
  try {
    return await new Promise<Hello>((resolve, reject) => {
      const gone = () => reject(silent());
      life.once("close", gone);
      life.on("data", function take(chunk: Buffer) {
        chunks.push(chunk);
        const bytes = Buffer.concat(chunks);
        if (bytes.length > HELLO_BYTES_MAX)
          reject(new LimitError("the greeting of a hook (bytes)", bytes.length, HELLO_BYTES_MAX));
        if (!isWholeHello(bytes)) return;
        life.off("data", take);
        life.off("close", gone);
        try {
          resolve(parseHello(bytes));
        } catch (error) {
          reject(error);
        }
      });
    });
  } finally {
    late.abort();
  }
}

function silent(): ElsewhereError {
  return new ElsewhereError("HOOK_SILENT", "A build hook rang and went away without a word");
}

/** Pipes that only a process has that passes Nix's own on. */
const RELAYS = ["in", "out", "log"];
/** How long a process that rang may take to open its pipes and say what it wants. */
const GREETING_TIMEOUT_MS = 10_000;

import { Buffer } from "node:buffer";
import { ElsewhereError } from "#base/errors.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { printStorePath, type StoreDir } from "#nix/store-path.ts";
import { linesOf } from "#store/lines-of.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import type { CommandHost } from "#transport/ssh-host.ts";
import { TransportError } from "#transport/transport-error.ts";
import { requestCommand } from "./push-command.ts";
import type { ElsewhereSender } from "./sender.ts";
import type { SendingLine } from "./sending-line.ts";

export interface AskedSendingOptions {
  readonly sender: ElsewhereSender;
  readonly storeDir: StoreDir;
  /** The receiving store, as the builder would name it. */
  readonly to: string;
  /** Names the builder in errors. */
  readonly peer: string;
}

/** A line from a builder that runs Elsewhere: a process there keeps both stores open and is asked by `elsewhere copy --requests`. */
export async function openAskedSending(
  host: CommandHost,
  { sender, storeDir, to, peer }: AskedSendingOptions,
): Promise<SendingLine> {
  const session = await host.openSession(requestCommand(sender, to), { peer });
  return new AskedSending(session, storeDir);
}

class AskedSending implements SendingLine {
  isUsable = true;
  readonly #session: ByteStream;
  readonly #storeDir: StoreDir;
  readonly #answers: AsyncIterator<string>;

  constructor(session: ByteStream, storeDir: StoreDir) {
    this.#session = session;
    this.#storeDir = storeDir;
    this.#answers = linesOf(session.source);
    void session.closed.then(() => {
      this.isUsable = false;
    });
  }

  async send(infos: readonly PathInfo[]): Promise<void> {
    const paths = infos.map(({ path }) => printStorePath(this.#storeDir, path));
    for (let at = 0; at < paths.length; at += PATHS_A_REQUEST)
      await this.#ask(paths.slice(at, at + PATHS_A_REQUEST));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isUsable = false;
    await this.#session[Symbol.asyncDispose]();
  }

  async #ask(paths: readonly string[]): Promise<void> {
    await this.#session.write(Buffer.from(`${JSON.stringify(paths)}\n`));
    const { done, value } = await this.#answers.next();
    if (done) throw await this.#fault();
    const fault = readAnswer(value);
    if (fault) throw fault;
  }

  async #fault(): Promise<Error> {
    this.isUsable = false;
    const { peer, closed } = this.#session;
    return (await closed) ?? new TransportError("TRANSPORT_LOST", `Lost ${peer}: it hung up while sending`);
  }
}

/** One line of `elsewhere copy --requests`: why paths were not sent; undefined where they were. */
function readAnswer(line: string): Error | undefined {
  try {
    const { sent, error, code } = JSON.parse(line) as { sent?: unknown; error?: unknown; code?: unknown };
    if (Array.isArray(sent)) return undefined;
    if (typeof error === "string" && typeof code === "string") return new ElsewhereError(code, error);
  } catch {
    // What is no JSON is no answer either.
  }
  return new ElsewhereError("PUSH_FAILED", `It answered '${line.slice(0, ANSWER_CHARS_SHOWN)}'`);
}

/** Keeps a request, and its answer, well below the longest line that is read whole. */
const PATHS_A_REQUEST = 256;
const ANSWER_CHARS_SHOWN = 200;

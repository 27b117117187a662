import { ElsewhereError } from "#base/errors.ts";
import { printStorePath, type StoreDir } from "#nix/store-path.ts";
import type { CommandHost } from "#transport/ssh-host.ts";
import type { TransportCode } from "#transport/transport-error.ts";
import type { PushRequest } from "../engine/site/site.ts";
import { openAskedSending } from "./asked-sending.ts";
import { DICTATED_BYTES_MAX, openDictation } from "./dictation.ts";
import { KeptLines } from "./kept-lines.ts";
import { pushCommands } from "./push-command.ts";
import { type PushingBuilder, type Sender, senderOf } from "./sender.ts";
import type { SendingLine } from "./sending-line.ts";

export interface PeerPushOptions extends PushingBuilder {
  /** The connection that is kept to it. */
  readonly host: CommandHost;
  readonly storeDir: StoreDir;
}

/**
 * Has a builder send paths to others: what is little by lines that stand open, what is large by a command of its own, beside
 * them, which hardly feels what it takes to begin. Where there can be no line, all goes by commands.
 */
export class PeerPush implements AsyncDisposable {
  readonly #options: PeerPushOptions;
  readonly #sender: Sender;
  /** Names the builder in errors. */
  readonly #peer: string;
  readonly #lines = new KeptLines((to) => this.#openLine(to));
  readonly #withoutLine = new Set<string>();

  constructor(options: PeerPushOptions) {
    const { scheme, authority } = options.reference;
    this.#options = options;
    this.#sender = senderOf(options);
    this.#peer = `${scheme}://${authority}`;
  }

  /** Throws when the paths do not get there. */
  async push(request: PushRequest): Promise<void> {
    const { to, signal } = request;
    if (!this.#mayGoByLine(request)) return await this.#byCommands(request);
    try {
      await this.#lines.send(request);
    } catch (error) {
      signal.throwIfAborted();
      if (isUnreached(error) || this.#lines.haveServed(to)) throw error;
      // It may lack what a line is made of, an older dd for one, and be able to send all the same.
      await this.#byCommands(request);
      this.#withoutLine.add(to);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lines[Symbol.asyncDispose]();
  }

  #mayGoByLine({ to, infos }: PushRequest): boolean {
    const bytes = infos.reduce((sum, { narSize }) => sum + narSize, 0);
    return bytes <= DICTATED_BYTES_MAX && this.#lines.hasRoomFor(to) && !this.#withoutLine.has(to);
  }

  async #openLine(to: string): Promise<SendingLine> {
    const { host, storeDir } = this.#options;
    const sender = this.#sender;
    if (sender.kind === "stock") return await openDictation(host, { sender, storeDir, to });
    return await openAskedSending(host, { sender, storeDir, to, peer: this.#peer });
  }

  async #byCommands({ to, infos, signal }: PushRequest): Promise<void> {
    const paths = infos.map(({ path }) => printStorePath(this.#options.storeDir, path));
    for (const command of pushCommands(this.#sender, { to, paths })) await this.#runToEnd(command, signal);
  }

  /** Throws when it ends badly, with its own words. Aborting hangs up, and that ends it there. */
  async #runToEnd(command: readonly string[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await using session = await this.#options.host.openSession(command, { peer: this.#peer });
    const hangUp = () => void session[Symbol.asyncDispose]();
    signal.addEventListener("abort", hangUp, { once: true });
    try {
      for await (const _ of session.source);
      const fault = await session.closed;
      signal.throwIfAborted();
      if (fault) throw fault;
    } finally {
      signal.removeEventListener("abort", hangUp);
    }
  }
}

/** Whether another way to send would not get there either. */
function isUnreached(error: unknown): boolean {
  return error instanceof ElsewhereError && UNREACHED.has(error.code);
}

const UNREACHED: ReadonlySet<string> = new Set<TransportCode>([
  "TRANSPORT_RESOLVE",
  "TRANSPORT_REFUSED",
  "TRANSPORT_TIMEOUT",
  "TRANSPORT_UNREACHABLE",
  "TRANSPORT_HOST_KEY",
  "TRANSPORT_AUTH",
]);

import type { PathInfo } from "#nix/path-info.ts";
import { ConnectionPool } from "#store/connection-pool.ts";
import type { SendingLine } from "./sending-line.ts";

export interface KeptSending {
  /** The receiving store, as the sending builder would name it. */
  readonly to: string;
  readonly infos: readonly PathInfo[];
  readonly signal: AbortSignal;
}

/** The lines from one builder to others, each opened when something goes that way first, and kept. */
export class KeptLines implements AsyncDisposable {
  readonly #open: (to: string) => Promise<SendingLine>;
  readonly #pools = new Map<string, ConnectionPool<UsedLine>>();
  readonly #served = new Set<string>();

  constructor(open: (to: string) => Promise<SendingLine>) {
    this.#open = open;
  }

  /** Whether there is one, or may be one more. */
  hasRoomFor(to: string): boolean {
    return this.#pools.has(to) || this.#pools.size < RECEIVERS_MAX;
  }

  /** Whether anything has gone that way. */
  haveServed(to: string): boolean {
    return this.#served.has(to);
  }

  async send({ to, infos, signal }: KeptSending): Promise<void> {
    const pool = this.#poolTo(to);
    for (;;) {
      signal.throwIfAborted();
      await using lease = await pool.lease();
      const line = lease.connection;
      const mayBeStale = line.hasSent;
      try {
        await line.send(infos, signal);
        this.#served.add(to);
        return;
      } catch (error) {
        signal.throwIfAborted();
        // One that stood idle may have been cut meanwhile: that says nothing of a new one.
        if (!mayBeStale) throw error;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool[Symbol.asyncDispose]()));
  }

  #poolTo(to: string): ConnectionPool<UsedLine> {
    const pool =
      this.#pools.get(to) ??
      new ConnectionPool({
        open: async () => new UsedLine(await this.#open(to)),
        connectionsMax: LINES_A_RECEIVER,
      });
    this.#pools.set(to, pool);
    return pool;
  }
}

/** A line that is not used again after anything went wrong on it. */
class UsedLine implements AsyncDisposable {
  hasSent = false;
  readonly #line: SendingLine;
  #hasFailed = false;

  constructor(line: SendingLine) {
    this.#line = line;
  }

  get isUsable(): boolean {
    return !this.#hasFailed && this.#line.isUsable;
  }

  async send(infos: readonly PathInfo[], signal: AbortSignal): Promise<void> {
    const hangUp = () => void this.#line[Symbol.asyncDispose]();
    signal.addEventListener("abort", hangUp, { once: true });
    try {
      await this.#line.send(infos);
      this.hasSent = true;
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    } finally {
      signal.removeEventListener("abort", hangUp);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#line[Symbol.asyncDispose]();
  }
}

/** To how many builders lines are kept from one: each takes a session there and a connection between them. */
const RECEIVERS_MAX = 8;
/** A second one, so that what a build waits for does not stand behind what is sent ahead. */
const LINES_A_RECEIVER = 2;

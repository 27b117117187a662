import { Semaphore } from "#base/semaphore.ts";

/** What a pool holds. */
export interface PooledConnection extends AsyncDisposable {
  /** Whether it may be used again. */
  readonly isUsable: boolean;
}

export interface PoolOptions<C> {
  readonly open: () => Promise<C>;
  /** How many connections there may be at once. */
  readonly connectionsMax?: number | undefined;
  /** Goes after the last connection: the ssh host, for one. */
  readonly owned?: AsyncDisposable | undefined;
}

/** Connections to one peer: made when needed, used by one at a time, kept for the next. */
export class ConnectionPool<C extends PooledConnection> implements AsyncDisposable {
  readonly #open: () => Promise<C>;
  readonly #permits: Semaphore;
  readonly #owned: AsyncDisposable | undefined;
  readonly #idle: C[] = [];
  readonly #all = new Set<C>();
  #prepared: Promise<C> | undefined;
  #isClosed = false;

  constructor({ open, connectionsMax = CONNECTIONS_MAX, owned }: PoolOptions<C>) {
    this.#open = open;
    this.#permits = new Semaphore(connectionsMax);
    this.#owned = owned;
  }

  /** How many more may be used at this moment. */
  get free(): number {
    return this.#permits.free;
  }

  /** Begins to connect when nothing is connected yet. Whoever leases first gets that connection, or why there is none. */
  prepare(): void {
    if (this.#all.size > 0 || this.#prepared || this.#isClosed) return;
    this.#prepared = this.#openOne();
    this.#prepared.catch(() => undefined);
  }

  /** Runs `work` with a connection of its own. */
  async use<T>(work: (connection: C) => Promise<T>): Promise<T> {
    await using lease = await this.lease();
    return await work(lease.connection);
  }

  /** A connection until the lease is disposed. */
  async lease(): Promise<Lease<C>> {
    const permit = await this.#permits.acquire();
    try {
      const connection = this.#takeIdle() ?? (await (this.#takePrepared() ?? this.#openOne()));
      return {
        connection,
        [Symbol.asyncDispose]: async () => {
          permit[Symbol.dispose]();
          await this.#giveBack(connection);
        },
      };
    } catch (error) {
      permit[Symbol.dispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#idle.length = 0;
    await Promise.all([...this.#all].map((connection) => connection[Symbol.asyncDispose]()));
    this.#all.clear();
    await this.#owned?.[Symbol.asyncDispose]();
  }

  #takeIdle(): C | undefined {
    for (let found = this.#idle.pop(); found; found = this.#idle.pop()) {
      if (found.isUsable) return found;
      this.#all.delete(found);
      void found[Symbol.asyncDispose]();
    }
    return undefined;
  }

  #takePrepared(): Promise<C> | undefined {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    return prepared;
  }

  async #openOne(): Promise<C> {
    const connection = await this.#open();
    if (this.#isClosed) await connection[Symbol.asyncDispose]();
    this.#all.add(connection);
    return connection;
  }

  async #giveBack(connection: C): Promise<void> {
    if (connection.isUsable && !this.#isClosed) {
      this.#idle.push(connection);
      return;
    }
    this.#all.delete(connection);
    await connection[Symbol.asyncDispose]();
  }
}

export interface Lease<C> extends AsyncDisposable {
  readonly connection: C;
}

/** How many connections to one peer there may be at once, unless the store's reference says. */
const CONNECTIONS_MAX = 64;

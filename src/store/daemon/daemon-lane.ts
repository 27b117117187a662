import type { BuildResult } from "#nix/build-result.ts";
import type { BasicDerivation } from "#nix/derivation.ts";
import type { LogSink } from "#nix/log-event.ts";
import type { StorePath } from "#nix/store-path.ts";
import { operations } from "#wire/daemon/operations.ts";
import { BUILD_MEMORY_LIMIT } from "#wire/daemon/version.ts";
import type { BuildLane } from "../build-lane.ts";
import type { Lease } from "../connection-pool.ts";
import type { LaneOptions } from "../realiser.ts";
import { refusalOf, tellSettings } from "./building.ts";
import type { DaemonConnection } from "./connection.ts";

/** Takes a lease over as a lane; undefined, and given back, where the server is one of ours, which builds many at once. */
export async function openDaemonLane(
  lease: Lease<DaemonConnection>,
  options: LaneOptions,
): Promise<BuildLane | undefined> {
  const { connection } = lease;
  try {
    if (!connection.agreed.features.has(BUILD_MEMORY_LIMIT)) {
      options.signal.throwIfAborted();
      await tellSettings(connection, options.settings);
      return new DaemonLane(lease, options);
    }
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    throw error;
  }
  await lease[Symbol.asyncDispose]();
  return undefined;
}

/** A connection to a daemon, which answers one request after the other. */
class DaemonLane implements BuildLane {
  readonly #lease: Lease<DaemonConnection>;
  readonly #options: LaneOptions;
  readonly #hangUp: () => void;
  #unanswered = 0;
  /** Settles when every earlier request is answered. */
  #answered: Promise<unknown> = Promise.resolve();

  constructor(lease: Lease<DaemonConnection>, options: LaneOptions) {
    this.#lease = lease;
    this.#options = options;
    // That ends the build there, and whatever else it was asked for.
    this.#hangUp = () => void lease.connection[Symbol.asyncDispose]();
    options.signal.addEventListener("abort", this.#hangUp, { once: true });
  }

  async buildDerivation(drvPath: StorePath, derivation: BasicDerivation, log: LogSink): Promise<BuildResult> {
    const { mode, signal } = this.#options;
    const { connection } = this.#lease;
    signal.throwIfAborted();
    connection.send(operations.buildDerivation, { target: { drvPath, derivation }, mode });
    this.#unanswered++;
    const answer = this.#answered.then(() => connection.answer(operations.buildDerivation, log));
    this.#answered = answer.catch(() => undefined);
    try {
      return await answer;
    } catch (error) {
      signal.throwIfAborted();
      throw refusalOf(error, connection);
    } finally {
      this.#unanswered--;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.signal.removeEventListener("abort", this.#hangUp);
    // Answers that nobody waits for any more would be taken for those to later requests.
    if (this.#unanswered > 0) this.#lease.connection.abandon();
    await this.#lease[Symbol.asyncDispose]();
  }
}

import type { StorePath } from "#nix/store-path.ts";
import type { Origin } from "../../events.ts";
import type { Feeder } from "../feed/feeder.ts";
import type { RealiseRequest } from "../realise-request.ts";
import type { Knowledge } from "./knowledge.ts";

export interface HomecomingOptions {
  readonly request: RealiseRequest;
  readonly knowledge: Knowledge;
  /** Into the destination. */
  readonly feeder: Feeder;
  /** How many builders have been lost so far. */
  readonly losses: () => number;
}

/** Brings to the destination what was asked for, and remembers where each path came from. */
export class Homecoming {
  /** By wished path that has arrived, or shall stay where it is. */
  readonly origins = new Map<StorePath, Origin>();
  /** The stores of those that shall stay where they are. */
  readonly lies = new Map<StorePath, string>();
  readonly #brought = new Set<StorePath>();
  readonly #made = new Map<StorePath, Origin>();
  readonly #options: HomecomingOptions;

  constructor(options: HomecomingOptions) {
    this.#options = options;
  }

  /** Takes note of how a path came to be, to be told when it arrives. */
  madeBy(path: StorePath, origin: Origin): void {
    this.#made.set(path, origin);
  }

  /** How many of the wished paths the destination had from the beginning. */
  noteAlreadyThere(): number {
    const { request, knowledge } = this.#options;
    const { destination } = request;
    const there = knowledge.wishedPaths().filter((path) => knowledge.whereabouts.has(destination, path));
    for (const path of there) this.#arrive(path, { kind: "already-there", store: destination.name });
    return there.length;
  }

  /** Whether something that was wished for of a derivation has not come yet. */
  isAwaited(drvPath: StorePath): boolean {
    return this.#options.knowledge.wishedPathsOf(drvPath).some((path) => !this.origins.has(path));
  }

  /** Brings paths that exist somewhere; one that cannot be had now is left for later. */
  async bring(paths: readonly StorePath[]): Promise<void> {
    const { knowledge, feeder, request, losses } = this.#options;
    const missing = paths.filter((path) => !this.origins.has(path) && !this.#brought.has(path));
    const homes = missing.map((path) => knowledge.whereabouts.find(path));
    if (missing.length === 0) return;
    const lossesBefore = losses();
    try {
      await feeder.need(missing);
    } catch (error) {
      request.signal.throwIfAborted();
      // What went away with a builder is planned anew.
      if (losses() > lossesBefore) return;
      throw error;
    }
    await knowledge.realisations.arrived(missing);
    for (const [index, path] of missing.entries()) {
      const from = homes[index]?.name ?? request.destination.name;
      this.#brought.add(path);
      if (this.#wished().has(path)) this.#arrive(path, this.#made.get(path) ?? { kind: "copied", from });
    }
  }

  /** A wished path that shall stay where it is. */
  leave(path: StorePath, at: string): void {
    if (this.origins.has(path)) return;
    const origin = this.#made.get(path) ?? { kind: "already-there", store: at };
    this.origins.set(path, origin);
    this.lies.set(path, at);
    this.#options.request.events({ kind: "path-ready", path, origin, at });
  }

  #wished(): ReadonlySet<StorePath> {
    return new Set(this.#options.knowledge.wishedPaths());
  }

  #arrive(path: StorePath, origin: Origin): void {
    if (this.origins.has(path)) return;
    this.origins.set(path, origin);
    this.#options.request.events({ kind: "path-ready", path, origin });
  }
}

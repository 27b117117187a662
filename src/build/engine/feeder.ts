import type { Clock } from "#base/clock.ts";
import { Deferred } from "#base/deferred.ts";
import { ElsewhereError, messageOf } from "#base/errors.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { IncomingPath } from "#store/store.ts";
import type { BuildEventSink } from "../events.ts";
import type { Holder } from "./site.ts";
import type { Whereabouts } from "./whereabouts.ts";

export interface FeederOptions {
  readonly whereabouts: Whereabouts;
  readonly events: BuildEventSink;
  readonly clock: Clock;
  /** Let the target take paths from its own binary caches first. */
  readonly substitute: boolean;
  /** Numbers copies, over all feeders of a run. */
  readonly nextId: () => number;
  /** False for a path that the target would refuse; it is then left out with all that refers to it. */
  readonly accepts?: (info: PathInfo) => boolean;
}

/**
 * Brings closures into one store from wherever they are. What is asked for while a transfer runs goes
 * into the next one, all in one stream; nothing is sent twice.
 */
export class Feeder {
  readonly #target: Holder;
  readonly #options: FeederOptions;
  readonly #present = new Set<StorePath>();
  /** Paths asked for and not settled. */
  readonly #wanted = new Map<StorePath, Deferred<void>>();
  #waiting: StorePath[] = [];
  /** Every path of the closures that are on their way. */
  readonly #moving = new Map<StorePath, Promise<void>>();
  /** Paths that the target would have refused. */
  readonly withheld = new Set<StorePath>();
  #streams = 0;

  constructor(target: Holder, options: FeederOptions) {
    this.#target = target;
    this.#options = options;
  }

  /** Resolves when all of `paths`, with their closures, are in the target. */
  async need(paths: Iterable<StorePath>): Promise<void> {
    const pending: Promise<void>[] = [];
    for (const path of paths) {
      if (this.#present.has(path)) continue;
      let wanted = this.#wanted.get(path);
      if (!wanted) {
        wanted = new Deferred<void>();
        this.#wanted.set(path, wanted);
        this.#waiting.push(path);
      }
      pending.push(wanted.promise);
    }
    if (this.#waiting.length > 0) queueMicrotask(() => this.#pump());
    await Promise.all(pending);
  }

  /** Says that paths, with their closures, are there: built there, for one. */
  arrived(paths: Iterable<StorePath>): void {
    for (const path of paths) this.#present.add(path);
  }

  #pump(): void {
    if (this.#streams >= STREAMS_MAX || this.#waiting.length === 0) return;
    const paths = this.#waiting;
    this.#waiting = [];
    this.#streams++;
    void this.#settle(paths).finally(() => {
      this.#streams--;
      this.#pump();
    });
  }

  async #settle(paths: readonly StorePath[]): Promise<void> {
    try {
      for (const [holder, held] of this.#byHolder(paths)) await this.#transfer(holder, held);
      for (const path of paths) this.#wanted.get(path)?.resolve();
    } catch (error) {
      for (const path of paths) this.#wanted.get(path)?.reject(error);
    } finally {
      for (const path of paths) this.#wanted.delete(path);
    }
  }

  #byHolder(paths: readonly StorePath[]): Map<Holder, StorePath[]> {
    const { whereabouts } = this.#options;
    const groups = new Map<Holder, StorePath[]>();
    for (const path of paths) {
      if (whereabouts.has(this.#target, path)) continue;
      const holder = whereabouts.find(path);
      if (!holder)
        throw new ElsewhereError(
          "INPUT_MISSING",
          `Cannot send '${path}' to ${this.#target.name}: no store has it`,
        );
      const group = groups.get(holder);
      if (group) group.push(path);
      else groups.set(holder, [path]);
    }
    return groups;
  }

  async #transfer(holder: Holder, paths: readonly StorePath[]): Promise<void> {
    const closure = await holder.store.queryClosure(paths);
    const unsure = closure.filter(({ path }) => !this.#present.has(path));
    const others = unsure.flatMap(({ path }) => this.#moving.get(path) ?? []);
    const ours = unsure.filter(({ path }) => !this.#moving.has(path));
    const done = this.#move(holder, ours, [...new Set(others)]);
    for (const { path } of ours) this.#moving.set(path, done);
    try {
      await done;
    } finally {
      for (const { path } of ours) this.#moving.delete(path);
    }
  }

  async #move(holder: Holder, infos: readonly PathInfo[], first: readonly Promise<void>[]): Promise<void> {
    const { store } = this.#target;
    const paths = infos.map(({ path }) => path);
    const options = { substitute: this.#options.substitute };
    const valid = paths.length > 0 ? await store.queryValidPaths(paths, options) : new Set<StorePath>();
    const missing = this.#acceptable(infos.filter(({ path }) => !valid.has(path)));
    // A path is only taken after what it refers to, and that may be in the other stream.
    await Promise.all(first);
    if (missing.length > 0) await this.#send(holder, missing);
    const there = [...valid, ...missing.map(({ path }) => path)];
    this.arrived(there);
    this.#options.whereabouts.add(this.#target, there);
  }

  #acceptable(infos: readonly PathInfo[]): readonly PathInfo[] {
    const { accepts } = this.#options;
    if (!accepts) return infos;
    return infos.filter((info) => {
      const fine = accepts(info) && !info.references.some((reference) => this.withheld.has(reference));
      if (!fine) this.withheld.add(info.path);
      return fine;
    });
  }

  async #send(holder: Holder, infos: readonly PathInfo[]): Promise<void> {
    const { events, clock, nextId } = this.#options;
    const id = nextId();
    const bytes = infos.reduce((sum, { narSize }) => sum + narSize, 0);
    events({
      kind: "copy-started",
      id,
      from: holder.name,
      to: this.#target.name,
      paths: infos.length,
      bytes,
      atMs: clock.now(),
    });
    try {
      const counted = countProgress(holder.store.narsFromPaths(infos), (paths, bytes) =>
        events({ kind: "copy-progressed", id, paths, bytes, atMs: clock.now() }),
      );
      await this.#target.store.addPaths(counted, { checkSignatures: false });
      events({ kind: "copy-finished", id, atMs: clock.now() });
    } catch (error) {
      events({ kind: "copy-finished", id, atMs: clock.now(), error: messageOf(error) });
      throw error;
    }
  }
}

async function* countProgress(
  source: AsyncIterable<IncomingPath>,
  report: (paths: number, bytes: number) => void,
): AsyncGenerator<IncomingPath> {
  let paths = 0;
  let bytes = 0;
  let reported = 0;
  for await (const { info, nar } of source) {
    yield {
      // Built there, not here: what vouches for it is that we asked.
      info: info.ultimate ? { ...info, ultimate: false } : info,
      nar: (async function* () {
        for await (const chunk of nar) {
          bytes += chunk.length;
          if (bytes - reported >= PROGRESS_EVERY_BYTES) {
            reported = bytes;
            report(paths, bytes);
          }
          yield chunk;
        }
      })(),
    };
    paths++;
  }
  report(paths, bytes);
}

/** So that one large upload does not hold up the small ones behind it. */
const STREAMS_MAX = 2;
const PROGRESS_EVERY_BYTES = 1 << 20;

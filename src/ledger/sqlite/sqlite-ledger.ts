import type { StorePath } from "#nix/store-path.ts";
import type { LedgerChange } from "../change.ts";
import type { BuildFilter, Ledger, Retention } from "../ledger.ts";
import { mayRun } from "../process-identity.ts";
import { apply } from "./apply.ts";
import { type LedgerDatabase, openDatabase } from "./database.ts";
import { selectAttempts } from "./read/select-attempts.ts";
import { selectBuilds } from "./read/select-builds.ts";
import { selectCopies } from "./read/select-copies.ts";
import { selectCopiesOf } from "./read/select-copies-of.ts";
import { selectOutputs } from "./read/select-outputs.ts";
import { selectProvenance } from "./read/select-provenance.ts";
import { selectRequests } from "./read/select-requests.ts";
import { selectRecentSamples, selectSamples } from "./read/select-samples.ts";
import { markInterrupted } from "./upkeep/mark-interrupted.ts";
import { prune } from "./upkeep/prune.ts";

/** A ledger in one file, shared by all processes of a user. */
export class SqliteLedger implements Ledger {
  readonly #db: LedgerDatabase;

  constructor(file: string) {
    this.#db = openDatabase(file);
  }

  async write(changes: readonly LedgerChange[]): Promise<void> {
    this.#db.transaction(() => {
      for (const change of changes) apply(this.#db, change);
    });
  }

  async builds(filter: BuildFilter) {
    markInterrupted(this.#db, mayRun);
    const builds = selectBuilds(this.#db, filter);
    const outputs = selectOutputs(
      this.#db,
      builds.map(({ number }) => number),
    );
    return builds.map((build) => ({ ...build, outputs: outputs.get(build.number) ?? new Map() }));
  }

  async attempts(builds: readonly number[]) {
    markInterrupted(this.#db, mayRun);
    return selectAttempts(this.#db, builds);
  }

  async requests(keys: readonly string[]) {
    markInterrupted(this.#db, mayRun);
    return selectRequests(this.#db, keys);
  }

  async copies(request: string) {
    return selectCopies(this.#db, request);
  }

  async copiesOf(path: StorePath) {
    return selectCopiesOf(this.#db, path);
  }

  async provenance(path: StorePath) {
    return selectProvenance(this.#db, path);
  }

  async samples(names: readonly string[], each: number) {
    return selectSamples(this.#db, { names, each });
  }

  async recent(since: { readonly sinceMs: number; readonly limit: number }) {
    return selectRecentSamples(this.#db, since);
  }

  async prune(keep: Retention) {
    return prune(this.#db, keep);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#db[Symbol.dispose]();
  }
}

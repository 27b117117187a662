import { encodeText } from "#base/text.ts";
import type { BuildEvent } from "#build/events.ts";
import type { StorePath } from "#nix/store-path.ts";
import { Spool } from "#serve/spool.ts";
import type { QueryableStore } from "#store/store.ts";

/** Keeps the log of each build in the store that it was for, where `nix log` finds it. The last attempt's log stays. */
export class StoreLogs implements AsyncDisposable {
  readonly #store: Pick<QueryableStore, "addBuildLog">;
  readonly #report: (text: string) => void;
  readonly #open = new Map<StorePath, Spool>();
  readonly #storing = new Set<Promise<void>>();

  /** `report` is told, in a sentence, why a log is not kept. */
  constructor(store: Pick<QueryableStore, "addBuildLog">, report: (text: string) => void) {
    this.#store = store;
    this.#report = report;
  }

  take(event: BuildEvent): void {
    if (event.kind === "attempt-started") this.#drop(event.drvPath);
    else if (event.kind === "log-line") this.#append(event.drvPath, event.line);
    else if (event.kind === "build-finished") this.#keep(event.drvPath);
  }

  /** Waits until every log of a build that ended is kept. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const drvPath of [...this.#open.keys()]) this.#keep(drvPath);
    await Promise.all(this.#storing);
  }

  #append(drvPath: StorePath, line: string): void {
    let spool = this.#open.get(drvPath);
    if (!spool) {
      spool = new Spool();
      this.#open.set(drvPath, spool);
    }
    spool.write(encodeText(`${line}\n`));
  }

  #drop(drvPath: StorePath): void {
    this.#open.get(drvPath)?.[Symbol.dispose]();
    this.#open.delete(drvPath);
  }

  #keep(drvPath: StorePath): void {
    const spool = this.#open.get(drvPath);
    if (!spool) return;
    this.#open.delete(drvPath);
    const storing = this.#store
      .addBuildLog(drvPath, spool.read())
      .catch((error: Error) => this.#report(`cannot keep the log of '${drvPath}': ${error.message}`))
      .finally(() => {
        spool[Symbol.dispose]();
        this.#storing.delete(storing);
      });
    this.#storing.add(storing);
  }
}

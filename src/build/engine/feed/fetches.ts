import type { Clock } from "#base/clock.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { FetchEvent } from "#store/fetch-event.ts";
import type { BuildEventSink } from "../../events.ts";

export interface FetchesOptions {
  readonly events: BuildEventSink;
  readonly clock: Clock;
}

/** What stores take from binary caches in one run, each fetch with a number of its own. */
export class Fetches {
  readonly #options: FetchesOptions;
  readonly #sources = new Map<string, string>();
  #begun = 0;

  constructor(options: FetchesOptions) {
    this.#options = options;
  }

  /** For one request to a store: what it fetches is told as the run's, and of a build where it is asked for one. */
  into(store: string, drvPath?: StorePath): FetchReport {
    return new FetchReport({
      ...this.#options,
      begin: ({ path, from, bytes }, atMs) => {
        const id = ++this.#begun;
        this.#sources.set(`${store} ${path}`, from);
        const about = { id, path, from, to: store, bytes, ...(drvPath && { drvPath }) };
        this.#options.events({ kind: "fetch-started", ...about, atMs });
        return id;
      },
    });
  }

  /** The cache that a store took a path from in this run. */
  sourceOf(store: string, path: StorePath): string | undefined {
    return this.#sources.get(`${store} ${path}`);
  }
}

interface FetchReportOptions extends FetchesOptions {
  readonly begin: (event: Extract<FetchEvent, { kind: "fetch-started" }>, atMs: number) => number;
}

/** What one request to a store fetches. Disposing it ends what the store did not say the end of. */
export class FetchReport implements Disposable {
  readonly #options: FetchReportOptions;
  /** Numbers of the run by those of the request. */
  readonly #open = new Map<number, number>();

  constructor(options: FetchReportOptions) {
    this.#options = options;
  }

  readonly take = (event: FetchEvent): void => {
    const { events, clock, begin } = this.#options;
    const atMs = clock.now();
    if (event.kind === "fetch-started") {
      this.#open.set(event.id, begin(event, atMs));
      return;
    }
    const id = this.#open.get(event.id);
    if (id === undefined) return;
    if (event.kind === "fetch-finished") this.#open.delete(event.id);
    events({ ...event, id, atMs });
  };

  [Symbol.dispose](): void {
    for (const id of [...this.#open.keys()])
      this.take({ kind: "fetch-finished", id, error: "it was cut off" });
  }
}

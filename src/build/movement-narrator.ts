import { FetchNarrator } from "#store/fetch-narrator.ts";
import { type CopyNarratorOptions, CopyNarrators } from "./copy-narrator.ts";
import type { BuildEvent } from "./events.ts";

/** Tells of all that moves in a run as Nix does: copies between stores, and what stores take from binary caches. */
export class MovementNarrator {
  readonly #copies: CopyNarrators;
  readonly #fetches: FetchNarrator;

  constructor(options: CopyNarratorOptions) {
    this.#copies = new CopyNarrators(options);
    this.#fetches = new FetchNarrator(options);
  }

  /** Nothing is told of other events. */
  take(event: BuildEvent): void {
    switch (event.kind) {
      case "copy-started":
        this.#copies.take({ ...event, from: nixName(event.from), to: nixName(event.to) });
        return;
      case "path-started":
      case "copy-progressed":
      case "copy-finished":
        this.#copies.take(event);
        return;
      case "fetch-started":
        this.#fetches.take({ ...event, to: nixName(event.to) });
        return;
      case "fetch-progressed":
      case "fetch-finished":
        this.#fetches.take(event);
        return;
      default:
        return;
    }
  }

  /** Ends what has not ended. */
  close(): void {
    this.#copies.close();
    this.#fetches[Symbol.dispose]();
  }
}

/** By `local` programs know that something comes here, or goes from here, wherever the store lies. */
function nixName(store: string): string {
  return store.startsWith("local?") ? "local" : store;
}

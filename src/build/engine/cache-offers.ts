import { ElsewhereError } from "#base/errors.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Origin } from "../events.ts";
import type { Knowledge } from "./knowledge.ts";
import type { RealiseRequest } from "./realise.ts";
import { type Substitutable, substitutablePaths } from "./substitution.ts";

/** What the destination can take from its binary caches, and what came of it. */
export class CacheOffers {
  /** Paths that a cache promised and did not give. */
  lost = 0;
  readonly #request: RealiseRequest;
  readonly #knowledge: Knowledge;
  /** Where from, as far as the destination says. */
  readonly #offered = new Map<StorePath, string | undefined>();
  readonly #onTaken: (path: StorePath, origin: Origin) => void;

  constructor(
    request: RealiseRequest,
    knowledge: Knowledge,
    onTaken: (path: StorePath, origin: Origin) => void,
  ) {
    this.#request = request;
    this.#knowledge = knowledge;
    this.#onTaken = onTaken;
  }

  has(path: StorePath): boolean {
    return this.#offered.has(path);
  }

  /** The cache that has a path; undefined where none has. */
  sourceOf(path: StorePath): string | undefined {
    return this.has(path) ? (this.#offered.get(path) ?? "a binary cache") : undefined;
  }

  /** Asks the destination what it can substitute: of that, nothing is built. */
  async survey(): Promise<void> {
    const { destination, wishes, graph, substitute, alwaysSubstitutes = false } = this.#request;
    if (!substitute) return;
    const found = await substitutablePaths({
      store: destination.store,
      wishes,
      graph,
      outputsOf: (drvPath) => this.#knowledge.outputsOf(drvPath),
      exists: (path) => this.#knowledge.whereabouts.find(path) !== undefined,
      always: alwaysSubstitutes,
    });
    for (const [path, from] of found) this.#offered.set(path, from);
  }

  /** Those of `paths` that only a cache has. */
  of(paths: readonly StorePath[]): Substitutable {
    const wanted = paths.filter((path) => this.has(path) && !this.#knowledge.whereabouts.find(path));
    return new Map(wanted.map((path) => [path, this.#offered.get(path)]));
  }

  /** Has the destination take those of `paths` that it can from its caches. */
  async take(paths: readonly StorePath[]): Promise<void> {
    const wanted = [...this.of(paths).keys()];
    if (wanted.length === 0) return;
    const { destination } = this.#request;
    const valid = await destination.store.queryValidPaths(wanted, { substitute: true });
    this.#knowledge.whereabouts.add(destination, valid);
    for (const path of valid) {
      const from = this.#offered.get(path);
      this.#onTaken(path, { kind: "substituted", builder: destination.name, ...(from && { from }) });
    }
    this.#giveUp(wanted.filter((path) => !valid.has(path)));
  }

  #giveUp(lost: readonly StorePath[]): void {
    for (const path of lost) this.#offered.delete(path);
    this.lost += lost.length;
    if (lost.length > 0 && !this.#request.settings.fallback)
      throw new ElsewhereError(
        "SUBSTITUTION_FAILED",
        `Cannot fetch '${lost[0]}'${lost.length > 1 ? ` and ${lost.length - 1} more` : ""}: a cache has it and did not give it`,
        { hint: "try again, or say --fallback to build it" },
      );
  }
}

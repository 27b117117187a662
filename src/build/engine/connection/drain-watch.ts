import type { BuilderHealth, BuilderPage } from "../site/builder-book.ts";
import { type BuildSite, keyOf } from "../site/site.ts";

export interface DrainWatchOptions {
  readonly health: BuilderHealth;
  /** Builders that are in use now. */
  readonly inUse: () => readonly BuildSite[];
  /** Told why a builder that was looked at is left aside. */
  readonly onFound: (site: BuildSite, why: string) => void;
  /** Told when a builder was drained while it was in use. */
  readonly onDrained: (site: BuildSite) => void;
  /** Told when a builder that was drained takes work again. */
  readonly onResumed: (site: BuildSite) => void;
}

/** Which builders somebody has set aside, also while a run goes on. */
export class DrainWatch implements Disposable {
  readonly #options: DrainWatchOptions;
  readonly #aside = new Map<string, BuildSite>();
  /** Those that were drained while they were in use. */
  readonly #told = new Set<string>();
  readonly #watch: Disposable;

  constructor(options: DrainWatchOptions) {
    this.#options = options;
    this.#watch = options.health.onChange(() => this.#lookAgain());
  }

  /** Whether a builder was drained when it was looked at last. */
  has(builder: string): boolean {
    return this.#aside.has(builder);
  }

  /** Whether a builder is drained now. */
  look(site: BuildSite): boolean {
    const { name } = site.traits;
    const { health, onFound } = this.#options;
    const { drained } = health.pageOf(keyOf(site));
    if (!drained) return false;
    this.#aside.set(name, site);
    onFound(site, drainedWords(name, drained));
    return true;
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  #lookAgain(): void {
    const { inUse, onDrained, onResumed } = this.#options;
    for (const site of inUse()) {
      const { name } = site.traits;
      if (!this.look(site) || this.#told.has(name)) continue;
      this.#told.add(name);
      onDrained(site);
    }
    for (const [name, site] of this.#aside) {
      if (this.look(site)) continue;
      this.#aside.delete(name);
      this.#told.delete(name);
      onResumed(site);
    }
  }
}

function drainedWords(name: string, { sinceMs, by }: NonNullable<BuilderPage["drained"]>): string {
  const since = new Date(sinceMs).toISOString().slice(0, 16).replace("T", " ");
  return `it is drained, by ${by} since ${since} UTC: 'elsewhere builders resume ${name}' gives it work again`;
}

import { unreachable } from "#base/errors.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Origin } from "../../events.ts";
import type { ActiveSite } from "../connection/active-site.ts";
import type { Fetches } from "../feed/fetches.ts";
import type { KnownOutputs } from "../plan/known-outputs.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import type { RealiseRequest } from "../realise-request.ts";
import type { Outcomes } from "../verdict/outcomes.ts";
import type { CacheOffers } from "./cache-offers.ts";
import type { Homecoming } from "./homecoming.ts";
import type { Knowledge } from "./knowledge.ts";

export interface DeliveryOptions {
  readonly request: RealiseRequest;
  readonly knowledge: Knowledge;
  readonly caches: CacheOffers;
  readonly home: Homecoming;
  readonly fetches: Fetches;
  readonly outcomes: Outcomes;
}

/** Sees to it that what shall come to the destination does, wherever it is, and knows whether it has. */
export class Delivery {
  readonly #options: DeliveryOptions;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** A build has made its outputs: takes note of them, and brings home what shall come of them. */
  async take(
    { drvPath, outputs: names }: PlannedBuild,
    outputs: KnownOutputs,
    { origin, active }: Making,
  ): Promise<void> {
    const { knowledge, home } = this.#options;
    knowledge.learn(drvPath, outputs);
    const made = names.flatMap((name) => outputs.get(name) ?? []);
    knowledge.whereabouts.add(active.holder, made);
    active.feeder.intake.arrived(made);
    for (const path of made) home.madeBy(path, this.#withCache(origin, path));
    await home.bring(this.#shallCome(drvPath).filter((path) => made.includes(path)));
  }

  /** Fetches from caches what `builds` will need, and what was wished for, and brings home what is there already. */
  async begin(builds: readonly PlannedBuild[]): Promise<void> {
    const { caches } = this.#options;
    await Promise.all([caches.takeAhead(builds), this.#bringFromStores(), this.bringFromEverywhere()]);
  }

  /** Brings home every path that shall come and that a store or a cache has. */
  async bringFromEverywhere(): Promise<void> {
    const { request, caches, knowledge } = this.#options;
    if (request.fetch !== "none") await caches.take(knowledge.wishedPaths());
    await this.#bringFromStores();
  }

  /** Nothing more will come: says where what stays away lies. */
  conclude(): void {
    const { request, knowledge, caches, home } = this.#options;
    if (request.fetch !== "none") return;
    for (const path of knowledge.wishedPaths()) {
      const at = knowledge.whereabouts.find(path)?.name ?? caches.sourceOf(path);
      if (at !== undefined) home.leave(path, at);
    }
  }

  /** Whether all that was wished for is where it shall be. */
  get isComplete(): boolean {
    const { request, knowledge } = this.#options;
    return request.wishes.every(({ drvPath, outputs }) =>
      outputs.every((name) => this.#isDone(knowledge.outputsOf(drvPath).get(name))),
    );
  }

  async #bringFromStores(): Promise<void> {
    const { request, knowledge, outcomes, home } = this.#options;
    if (request.fetch === "none") return;
    const { whereabouts } = knowledge;
    const built = [...outcomes.ended.keys()].flatMap((drvPath) => this.#shallCome(drvPath));
    const paths = new Set([...knowledge.wishedPaths(), ...built]);
    await home.bring([...paths].filter((path) => whereabouts.find(path)));
  }

  /** The origin with the cache that a builder said it took a path from. */
  #withCache(origin: Origin, path: StorePath): Origin {
    if (origin.kind !== "substituted") return origin;
    const from = this.#options.fetches.sourceOf(origin.builder, path);
    return from === undefined ? origin : { ...origin, from };
  }

  #isDone(path: StorePath | undefined): boolean {
    const { request, knowledge, caches, home } = this.#options;
    if (path === undefined) return false;
    if (home.origins.has(path)) return true;
    const mayStayAway = request.fetch === "none";
    return mayStayAway && (caches.has(path) || knowledge.whereabouts.find(path) !== undefined);
  }

  /** Of the outputs of a build, those that shall come home. */
  #shallCome(drvPath: StorePath): StorePath[] {
    const { request, knowledge } = this.#options;
    const { fetch = "requested" } = request;
    switch (fetch) {
      case "all":
        return [...knowledge.outputsOf(drvPath).values()];
      case "requested":
        return knowledge.wishedPathsOf(drvPath);
      case "none":
        return [];
      default:
        return unreachable(fetch);
    }
  }
}

/** How outputs came to be, and where. */
interface Making {
  readonly origin: Origin;
  readonly active: ActiveSite;
}

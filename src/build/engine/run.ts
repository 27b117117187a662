import { messageOf } from "#base/errors.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Origin } from "../events.ts";
import type { ActiveSite } from "./active-site.ts";
import { announcePlan } from "./announce-plan.ts";
import type { AttemptContext } from "./attempt-context.ts";
import { CacheOffers } from "./cache-offers.ts";
import { Delivery } from "./delivery.ts";
import { Feeders } from "./feeders.ts";
import { Fetches } from "./fetches.ts";
import { Gatekeeper } from "./gatekeeper.ts";
import { Homecoming } from "./homecoming.ts";
import { Knowledge } from "./knowledge.ts";
import type { KnownOutputs } from "./known-outputs.ts";
import { LogTails } from "./log-tails.ts";
import { lostOutputs } from "./lost-outputs.ts";
import { Outcomes } from "./outcomes.ts";
import { type PlannedBuild, plan } from "./plan.ts";
import type { RealiseReport, RealiseRequest } from "./realise-request.ts";
import { inputOutputsOf } from "./resolve.ts";
import { SiteConnector } from "./site-connector.ts";
import type { Substitutable } from "./substitution.ts";

/** One run: what is known, who is connected, what comes home, how builds ended. */
export class Run implements AsyncDisposable {
  readonly request: RealiseRequest;
  readonly sites: SiteConnector;
  readonly context: AttemptContext;
  readonly outcomes: Outcomes;
  readonly tails = new LogTails();
  readonly gatekeeper: Gatekeeper;
  readonly fetches: Fetches;
  lostBuilders = 0;
  /** Told when a builder went away, after what it held is forgotten. */
  onLoss: () => void = () => undefined;
  readonly #knowledge: Knowledge;
  readonly #feeders: Feeders;
  readonly #caches: CacheOffers;
  readonly #home: Homecoming;
  readonly #delivery: Delivery;
  readonly #fault = new AbortController();

  constructor(given: RealiseRequest) {
    const request = { ...given, signal: AbortSignal.any([given.signal, this.#fault.signal]) };
    this.request = request;
    this.outcomes = new Outcomes(request);
    this.fetches = new Fetches(request);
    this.gatekeeper = new Gatekeeper(request);
    const knowledge = new Knowledge(request);
    this.#knowledge = knowledge;
    const { whereabouts } = knowledge;
    const { fetches } = this;
    this.#feeders = new Feeders({
      request,
      whereabouts,
      fetches,
      onSourceLost: ({ name }, message) => this.lose(name, message),
    });
    const home = new Homecoming({
      request,
      knowledge,
      feeder: this.#feeders.home,
      losses: () => this.lostBuilders,
    });
    this.#home = home;
    const onTaken = (path: StorePath, origin: Origin) => home.madeBy(path, origin);
    const caches = new CacheOffers({ request, knowledge, fetches, onTaken });
    this.#caches = caches;
    this.#delivery = new Delivery({ request, knowledge, caches, home, outcomes: this.outcomes });
    this.context = this.#contextOf(request);
    this.sites = new SiteConnector(request, (holder, trust) => this.#feeders.into(holder, trust));
  }

  outputsOf(drvPath: StorePath): KnownOutputs {
    return this.#knowledge.outputsOf(drvPath);
  }

  /** How often something that a plan relied on went away: then a new plan may do what this one could not. */
  get setbacks(): number {
    return this.lostBuilders + this.lostOffers;
  }

  /** How many paths were to come from a cache and must be built. */
  get lostOffers(): number {
    return this.#caches.lost;
  }

  /** Asks the near stores what exists. */
  async survey(): Promise<void> {
    await this.#knowledge.survey();
  }

  async surveyCaches(): Promise<void> {
    await this.#caches.survey();
  }

  plan(): PlannedBuild[] {
    const { graph, wishes } = this.request;
    return plan({
      graph,
      wishes,
      outputsOf: (drvPath) => this.outputsOf(drvPath),
      exists: (path) => this.#knowledge.whereabouts.find(path) !== undefined || this.#caches.mustGive(path),
    });
  }

  /** Connects the builders that could do any of `builds`, and asks each what it has. */
  async connect(builds: readonly PlannedBuild[]): Promise<void> {
    const actives = await this.sites.connect(builds);
    await Promise.all(
      actives.map(({ holder }) =>
        this.#knowledge.surveyBuilder(holder).catch((error) => {
          this.lose(holder.name, messageOf(error));
        }),
      ),
    );
  }

  announce(builds: readonly PlannedBuild[]): void {
    const alreadyThere = this.#home.noteAlreadyThere(this.#knowledge.wishedPaths());
    announcePlan(this.request, builds, { alreadyThere });
  }

  /** A builder went away, with all that only it held; false when it was not in use. */
  lose(builder: string, message: string): boolean {
    const active = this.sites.lose(builder, message);
    if (!active) return false;
    this.lostBuilders++;
    if (active.holder !== this.request.destination) this.#knowledge.whereabouts.forget(active.holder);
    this.onLoss();
    return true;
  }

  /** Those of `builds` that must be done again for want of what they made. */
  lostOf(builds: readonly PlannedBuild[]): StorePath[] {
    const { whereabouts } = this.#knowledge;
    const pathsOf = ({ drvPath, outputs }: PlannedBuild) =>
      outputs.flatMap((name) => this.outputsOf(drvPath).get(name) ?? []);
    return lostOutputs({
      builds,
      ended: this.outcomes.ended,
      isKept: (build) => pathsOf(build).every((path) => whereabouts.find(path)),
      isAwaited: ({ drvPath }) =>
        this.#knowledge.wishedPathsOf(drvPath).some((path) => !this.#home.origins.has(path)),
    });
  }

  /** Takes note of a build that succeeded, and starts bringing home what was wished for. */
  async succeeded(build: PlannedBuild, outputs: KnownOutputs, origin: Origin, active: ActiveSite) {
    this.#knowledge.learn(build.drvPath, outputs);
    const paths = build.outputs.flatMap((name) => outputs.get(name) ?? []);
    this.#knowledge.whereabouts.add(active.holder, paths);
    active.feeder.intake.arrived(paths);
    for (const path of paths) this.#home.madeBy(path, this.#withCache(origin, path));
    await this.#delivery.bringOf(build.drvPath, paths);
  }

  /** What goes on beside building: when it fails, all ends with its error. */
  async beside(work: Promise<void>): Promise<void> {
    await work.catch((error) => this.#fault.abort(error));
    this.request.signal.throwIfAborted();
  }

  /** Fetches from caches what `builds` will need, and what was wished for, and brings home what is there already. */
  async fetchFor(builds: readonly PlannedBuild[]): Promise<void> {
    const inputs = builds.map((build) => this.#inputsOf(build)).filter((paths) => paths.length > 0);
    await Promise.all([this.#caches.takeAhead(inputs), this.#delivery.bringFromStores(), this.deliver()]);
  }

  /** Brings home every path that shall come and that a store or a cache has. */
  async deliver(): Promise<void> {
    await this.#delivery.bringFromEverywhere();
  }

  /** Nothing more will be tried: says how every build ended, and where what stays away lies. */
  conclude(builds: readonly PlannedBuild[]): void {
    this.outcomes.conclude(builds);
    this.#delivery.conclude();
  }

  /** What the destination would fetch for `builds` and for the wishes. */
  toFetch(builds: readonly PlannedBuild[]): Substitutable {
    const inputs = builds.flatMap((build) => this.#inputsOf(build));
    return this.#caches.of([...this.#knowledge.wishedPaths(), ...inputs]);
  }

  /** Looks at what came home and was not looked at before. */
  async passGate(): Promise<void> {
    const { name } = this.request.destination;
    for (const [drvPath, message] of await this.gatekeeper.passHome((path) => this.outputsOf(path)))
      this.outcomes.end(drvPath, { kind: "failed", builder: name, status: "OutputRejected", message });
  }

  complete(): boolean {
    return this.gatekeeper.refused.size === 0 && this.#delivery.isComplete;
  }

  report(): RealiseReport {
    return {
      outcomes: this.outcomes.ended,
      origins: this.#home.origins,
      lies: this.#home.lies,
      outputsOf: (drvPath) => this.outputsOf(drvPath),
      complete: this.complete(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#feeders[Symbol.dispose]();
    await this.sites[Symbol.asyncDispose]();
  }

  /** The origin with the cache that a builder said it took a path from. */
  #withCache(origin: Origin, path: StorePath): Origin {
    if (origin.kind !== "substituted") return origin;
    const from = this.fetches.sourceOf(origin.builder, path);
    return from === undefined ? origin : { ...origin, from };
  }

  /** Paths of the outputs that a build takes, as far as they are known. */
  #inputsOf({ derivation }: PlannedBuild): StorePath[] {
    return inputOutputsOf(derivation, (drvPath) => this.outputsOf(drvPath));
  }

  #contextOf({ settings, signal, events, clock, drvStore }: RealiseRequest): AttemptContext {
    return {
      settings,
      signal,
      events: (event) => {
        if (event.kind === "log-line") this.tails.add(event.drvPath, event.line);
        events(event);
      },
      clock,
      whereabouts: this.#knowledge.whereabouts,
      drvStore,
      outputsOf: (drvPath) => this.outputsOf(drvPath),
      tellRealisations: (store, paths) => this.#knowledge.realisations.tell(store, paths),
      fetches: this.fetches,
      mustFetch: (paths) => this.#caches.of(paths).size > 0,
      tailOf: (drvPath) => this.tails.of(drvPath),
      substitute: (paths) => this.#caches.take(paths),
    };
  }
}

import { messageOf, unreachable } from "#base/errors.ts";
import { shortRests } from "#base/rests.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import { estimateFor, noEstimates } from "#schedule/estimate.ts";
import type { Origin } from "../events.ts";
import type { ActiveSite, AttemptContext } from "./attempt.ts";
import { CacheOffers } from "./cache-offers.ts";
import { Courier } from "./courier.ts";
import { Feeder, type FeederOptions } from "./feeder.ts";
import { Gatekeeper } from "./gatekeeper.ts";
import { Homecoming } from "./homecoming.ts";
import { Knowledge } from "./knowledge.ts";
import { LogTails } from "./log-tails.ts";
import { lostOutputs } from "./lost-outputs.ts";
import { Outcomes } from "./outcomes.ts";
import { type PlannedBuild, plan } from "./plan.ts";
import { Precedence } from "./precedence.ts";
import type { RealiseReport, RealiseRequest } from "./realise.ts";
import { inputOutputsOf } from "./resolve.ts";
import type { Holder, KnownOutputs } from "./site.ts";
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
  lostBuilders = 0;
  /** Told when a builder went away, after what it held is forgotten. */
  onLoss: () => void = () => undefined;
  readonly #knowledge: Knowledge;
  readonly #caches: CacheOffers;
  readonly #home: Homecoming;
  readonly #courier: Courier;
  readonly #precedence = new Precedence();
  readonly #fault = new AbortController();
  #copies = 0;

  constructor(given: RealiseRequest) {
    const signal = AbortSignal.any([given.signal, this.#fault.signal]);
    const request = { ...given, signal };
    this.request = request;
    const { destination, drvStore, settings, clock, buildersUseSubstitutes } = request;
    this.outcomes = new Outcomes(request);
    this.gatekeeper = new Gatekeeper(request);
    this.#knowledge = new Knowledge(request);
    this.#courier = new Courier({ rests: request.peerRests ?? shortRests(), clock, signal });
    const feeder = this.#feederInto(destination, { substitute: false });
    this.#home = new Homecoming({
      request,
      knowledge: this.#knowledge,
      feeder,
      losses: () => this.lostBuilders,
    });
    this.#caches = new CacheOffers(request, this.#knowledge, (path, origin) =>
      this.#home.madeBy(path, origin),
    );
    this.context = {
      settings,
      signal,
      events: (event) => {
        if (event.kind === "log-line") this.tails.add(event.drvPath, event.line);
        request.events(event);
      },
      clock,
      whereabouts: this.#knowledge.whereabouts,
      drvStore,
      outputsOf: (drvPath) => this.outputsOf(drvPath),
      substitute: (paths) => this.#caches.take(paths),
    };
    this.sites = new SiteConnector(request, (holder, trust) => {
      if (holder === destination) return feeder;
      const accepts = (info: PathInfo) => trust.takesOurWord || provesItself(info);
      const own = { substitute: buildersUseSubstitutes, accepts, precedence: this.#precedence };
      return this.#feederInto(holder, own);
    });
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
    const estimates = this.request.estimates ?? noEstimates;
    const places = new Map(builds.map(({ drvPath }, place) => [drvPath, place]));
    this.request.events({
      kind: "planned",
      atMs: this.request.clock.now(),
      builds: builds.map(({ drvPath }) => drvPath),
      needs: builds.map(({ needs }) => needs.flatMap((need) => places.get(need) ?? [])),
      estimatesMs: builds.map(({ derivation: { name, system } }) => {
        const { durationMs, basis } = estimateFor(estimates, name, system);
        return basis === "history" ? durationMs : 0;
      }),
      alreadyThere: this.#home.noteAlreadyThere(this.#knowledge.wishedPaths()),
    });
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
    active.feeder.arrived(paths);
    for (const path of paths) this.#home.madeBy(path, origin);
    await this.#home.bring(this.#toBring(build.drvPath).filter((path) => paths.includes(path)));
  }

  /** What goes on beside building: when it fails, all ends with its error. */
  async beside(work: Promise<void>): Promise<void> {
    await work.catch((error) => this.#fault.abort(error));
    this.request.signal.throwIfAborted();
  }

  /** Fetches from caches what `builds` will need, and what was wished for, and brings home what is there already. */
  async fetchFor(builds: readonly PlannedBuild[]): Promise<void> {
    const inputs = builds.map((build) => this.#inputsOf(build)).filter((paths) => paths.length > 0);
    await Promise.all([this.#caches.takeAhead(inputs), this.#bringAll(), this.deliver()]);
  }

  /** Brings home every path that shall come and that a store or a cache has. */
  async deliver(): Promise<void> {
    if (this.request.fetch !== "none") await this.#caches.take(this.#knowledge.wishedPaths());
    await this.#bringAll();
  }

  async #bringAll(): Promise<void> {
    if (this.request.fetch === "none") return;
    const { whereabouts } = this.#knowledge;
    const built = [...this.outcomes.ended.keys()].flatMap((drvPath) => this.#toBring(drvPath));
    const paths = new Set([...this.#knowledge.wishedPaths(), ...built]);
    await this.#home.bring([...paths].filter((path) => whereabouts.find(path)));
  }

  /** Nothing more will be tried: says how every build ended, and where what stays away lies. */
  conclude(builds: readonly PlannedBuild[]): void {
    this.outcomes.conclude(builds);
    if (this.request.fetch !== "none") return;
    for (const path of this.#knowledge.wishedPaths()) {
      const at = this.#knowledge.whereabouts.find(path)?.name ?? this.#caches.sourceOf(path);
      if (at !== undefined) this.#home.leave(path, at);
    }
  }

  /** What the destination would fetch for `builds` and for the wishes. */
  toFetch(builds: readonly PlannedBuild[]): Substitutable {
    const inputs = builds.flatMap((build) => this.#inputsOf(build));
    return this.#caches.of([...this.#knowledge.wishedPaths(), ...inputs]);
  }

  /** Paths of the outputs that a build takes, as far as they are known. */
  #inputsOf({ derivation }: PlannedBuild): StorePath[] {
    return inputOutputsOf(derivation, (drvPath) => this.outputsOf(drvPath));
  }

  /** Looks at what came home and was not looked at before. */
  async passGate(): Promise<void> {
    const { name } = this.request.destination;
    for (const [drvPath, message] of await this.gatekeeper.passHome((path) => this.outputsOf(path)))
      this.outcomes.end(drvPath, { kind: "failed", builder: name, status: "OutputRejected", message });
  }

  complete(): boolean {
    if (this.gatekeeper.refused.size > 0) return false;
    return this.request.wishes.every(({ drvPath, outputs }) =>
      outputs.every((name) => this.#isDone(this.outputsOf(drvPath).get(name))),
    );
  }

  #isDone(path: StorePath | undefined): boolean {
    if (path === undefined) return false;
    if (this.#home.origins.has(path)) return true;
    const mayStayAway = this.request.fetch === "none";
    return mayStayAway && (this.#caches.has(path) || this.#knowledge.whereabouts.find(path) !== undefined);
  }

  /** Of the outputs of a build, those that shall come home. */
  #toBring(drvPath: StorePath): StorePath[] {
    const { fetch = "requested" } = this.request;
    switch (fetch) {
      case "all":
        return [...this.outputsOf(drvPath).values()];
      case "requested":
        return this.#knowledge.wishedPathsOf(drvPath);
      case "none":
        return [];
      default:
        return unreachable(fetch);
    }
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
    this.#precedence[Symbol.dispose]();
    await this.sites[Symbol.asyncDispose]();
  }

  #feederInto(target: Holder, own: Pick<FeederOptions, "substitute" | "accepts" | "precedence">): Feeder {
    const { events, clock } = this.request;
    const { whereabouts } = this.#knowledge;
    return new Feeder(target, {
      whereabouts,
      events,
      clock,
      courier: this.#courier,
      nextId: () => this.#copies++,
      onSourceLost: ({ name }, message) => this.lose(name, message),
      ...own,
    });
  }
}

/** What a builder takes that does not trust us. */
function provesItself({ contentAddress, signatures }: PathInfo): boolean {
  return contentAddress !== undefined || signatures.length > 0;
}

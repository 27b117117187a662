import { messageOf } from "#base/errors.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Origin } from "../events.ts";
import { LogTails } from "../log-tails.ts";
import type { AttemptContext } from "./attempt/attempt-context.ts";
import { SiteConnector } from "./connection/site-connector.ts";
import { Feeders } from "./feed/feeders.ts";
import { Fetches } from "./feed/fetches.ts";
import { announcePlan } from "./plan/announce-plan.ts";
import { lostOutputs } from "./plan/lost-outputs.ts";
import { type PlannedBuild, plan } from "./plan/plan.ts";
import type { RealiseReport, RealiseRequest } from "./realise-request.ts";
import { CacheOffers } from "./supply/cache-offers.ts";
import { Delivery } from "./supply/delivery.ts";
import { Homecoming } from "./supply/homecoming.ts";
import { Knowledge } from "./supply/knowledge.ts";
import { Gatekeeper } from "./verdict/gatekeeper.ts";
import { Outcomes } from "./verdict/outcomes.ts";

/** One run: what is known, who is connected, what comes home, how builds ended, and what concerns several of these. */
export class Run implements AsyncDisposable {
  readonly request: RealiseRequest;
  readonly outcomes: Outcomes;
  readonly tails = new LogTails();
  readonly gatekeeper: Gatekeeper;
  readonly knowledge: Knowledge;
  readonly caches: CacheOffers;
  readonly delivery: Delivery;
  readonly sites: SiteConnector;
  readonly context: AttemptContext;
  /** Told when a builder went away, after what it held is forgotten. */
  onLoss: () => void = () => undefined;
  readonly #feeders: Feeders;
  readonly #home: Homecoming;
  readonly #fault = new AbortController();
  #lostBuilders = 0;

  constructor(given: RealiseRequest) {
    const request = { ...given, signal: AbortSignal.any([given.signal, this.#fault.signal]) };
    const outcomes = new Outcomes(request);
    const fetches = new Fetches(request);
    const knowledge = new Knowledge(request);
    const { whereabouts } = knowledge;
    const onSourceLost = ({ name }: { name: string }, message: string) => void this.lose(name, message);
    const feeders = new Feeders({ request, whereabouts, fetches, onSourceLost });
    const losses = () => this.#lostBuilders;
    const home = new Homecoming({ request, knowledge, feeder: feeders.home, losses });
    const onTaken = (path: StorePath, origin: Origin) => home.madeBy(path, origin);
    const caches = new CacheOffers({ request, knowledge, fetches, onTaken });
    this.request = request;
    this.outcomes = outcomes;
    this.gatekeeper = new Gatekeeper(request);
    this.knowledge = knowledge;
    this.caches = caches;
    this.delivery = new Delivery({ request, knowledge, caches, home, fetches, outcomes });
    this.sites = new SiteConnector(request, (holder, trust) => feeders.into(holder, trust));
    this.context = this.#contextWith(fetches);
    this.#feeders = feeders;
    this.#home = home;
  }

  /** How often something that a plan relied on went away: then a new plan may do what this one could not. */
  get setbacks(): number {
    return this.#lostBuilders + this.caches.lost;
  }

  plan(): PlannedBuild[] {
    const { graph, wishes } = this.request;
    const { whereabouts, outputsOf } = this.knowledge;
    return plan({
      graph,
      wishes,
      outputsOf,
      exists: (path) => whereabouts.find(path) !== undefined || this.caches.mustGive(path),
    });
  }

  /** Connects the builders that could do any of `builds`, and asks each what it has. */
  async connect(builds: readonly PlannedBuild[]): Promise<void> {
    const actives = await this.sites.connect(builds);
    await Promise.all(
      actives.map(({ holder }) =>
        this.knowledge.surveyBuilder(holder).catch((error) => {
          this.lose(holder.name, messageOf(error));
        }),
      ),
    );
  }

  announce(builds: readonly PlannedBuild[]): void {
    announcePlan(this.request, builds, { alreadyThere: this.#home.noteAlreadyThere() });
  }

  /** A builder went away, with all that only it held; false when it was not in use. */
  lose(builder: string, message: string): boolean {
    const active = this.sites.lose(builder, message);
    if (!active) return false;
    this.#lostBuilders++;
    if (active.holder !== this.request.destination) this.knowledge.whereabouts.forget(active.holder);
    this.onLoss();
    return true;
  }

  /** Those of `builds` that must be done again for want of what they made. */
  lostOf(builds: readonly PlannedBuild[]): StorePath[] {
    return lostOutputs({
      builds,
      ended: this.outcomes.ended,
      isKept: (build) => this.knowledge.isKept(build),
      isAwaited: ({ drvPath }) => this.#home.isAwaited(drvPath),
    });
  }

  /** What goes on beside building: when it fails, all ends with its error. */
  async beside(work: Promise<unknown>): Promise<void> {
    await work.catch((error) => this.#fault.abort(error));
    this.request.signal.throwIfAborted();
  }

  /** Nothing more will be tried: says how every build ended, and where what stays away lies. */
  conclude(builds: readonly PlannedBuild[]): void {
    this.outcomes.conclude(builds);
    this.delivery.conclude();
  }

  /** Looks at what came home and was not looked at before. */
  async passGate(): Promise<void> {
    const { name } = this.request.destination;
    for (const [drvPath, message] of await this.gatekeeper.passHome(this.knowledge.outputsOf))
      this.outcomes.end(drvPath, { kind: "failed", builder: name, status: "OutputRejected", message });
  }

  get isComplete(): boolean {
    return this.gatekeeper.refused.size === 0 && this.delivery.isComplete;
  }

  report(): RealiseReport {
    return {
      outcomes: this.outcomes.ended,
      origins: this.#home.origins,
      lies: this.#home.lies,
      outputsOf: this.knowledge.outputsOf,
      complete: this.isComplete,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#feeders[Symbol.dispose]();
    await this.sites[Symbol.asyncDispose]();
  }

  #contextWith(fetches: Fetches): AttemptContext {
    const { settings, signal, events, clock } = this.request;
    const { knowledge, caches, tails } = this;
    return {
      settings,
      signal,
      events: (event) => {
        if (event.kind === "log-line") tails.add(event.drvPath, event.line);
        events(event);
      },
      clock,
      whereabouts: knowledge.whereabouts,
      outputsOf: knowledge.outputsOf,
      tellRealisations: (store, paths) => knowledge.realisations.tell(store, paths),
      fetches,
      mustFetch: (paths) => caches.of(paths).size > 0,
      tailOf: (drvPath) => tails.of(drvPath),
      substitute: (paths) => caches.take(paths),
    };
  }
}

import { ElsewhereError, messageOf } from "#base/errors.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { BuildOutcome, Origin } from "../events.ts";
import { type ActiveSite, type AttemptContext, takesRealisations } from "./attempt.ts";
import { Feeder, type FeederOptions } from "./feeder.ts";
import { knownOutputsOf } from "./known-outputs.ts";
import { LogTails } from "./log-tails.ts";
import { type PlannedBuild, plan } from "./plan.ts";
import { Realisations } from "./realisations.ts";
import type { RealiseReport, RealiseRequest } from "./realise.ts";
import type { Holder, KnownOutputs } from "./site.ts";
import { SiteConnector } from "./site-connector.ts";
import { type Substitutable, substitutablePaths } from "./substitution.ts";
import { Whereabouts } from "./whereabouts.ts";

/** What is known and reached in one run: the outputs, the stores, the builders. */
export class Run implements AsyncDisposable {
  readonly request: RealiseRequest;
  readonly whereabouts = new Whereabouts();
  readonly sites: SiteConnector;
  readonly context: AttemptContext;
  readonly tails = new LogTails();
  readonly outcomes = new Map<StorePath, BuildOutcome>();
  lostBuilders = 0;
  readonly #outputs = new Map<StorePath, Map<string, StorePath>>();
  readonly #origins = new Map<StorePath, Origin>();
  readonly #made = new Map<StorePath, Origin>();
  readonly #wishedNames: ReadonlyMap<StorePath, readonly string[]>;
  readonly #postponed = new Map<StorePath, BuildOutcome>();
  /** What the destination can fetch, and from where as far as it says. */
  readonly #substitutable = new Map<StorePath, string | undefined>();
  /** Paths that a cache promised and did not give. */
  lostSubstitutes = 0;
  readonly #losses = new Map<StorePath, Map<string, string>>();
  readonly #home: Feeder;
  readonly #realisations: Realisations;
  #copies = 0;

  constructor(request: RealiseRequest) {
    this.request = request;
    const { destination, drvStore, settings, signal, clock } = request;
    this.#wishedNames = new Map(request.wishes.map(({ drvPath, outputs }) => [drvPath, outputs]));
    for (const [drvPath, derivation] of request.graph)
      this.#outputs.set(drvPath, knownOutputsOf(derivation, destination.store.storeDir));
    this.context = {
      settings,
      signal,
      events: (event) => {
        if (event.kind === "log-line") this.tails.add(event.drvPath, event.line);
        request.events(event);
      },
      clock,
      whereabouts: this.whereabouts,
      drvStore,
      outputsOf: (drvPath) => this.outputsOf(drvPath),
      substitute: (paths) => this.substitute(paths),
    };
    this.#realisations = new Realisations(destination.store, request.graph);
    this.#home = this.#feederInto(destination, { substitute: false });
    this.sites = new SiteConnector(request, (holder, trust) => {
      if (holder === destination) return this.#home;
      return this.#feederInto(holder, {
        substitute: request.buildersUseSubstitutes,
        accepts: (info) => trust.takesOurWord || provesItself(info),
      });
    });
  }

  outputsOf(drvPath: StorePath): KnownOutputs {
    return this.#outputs.get(drvPath) ?? NOTHING;
  }

  /** Asks the near stores what exists: one query each. */
  async survey(): Promise<void> {
    const { graph, destination, drvStore } = this.request;
    await this.#recallRealisations();
    await this.#ask(destination, this.#allOutputs());
    const sources = [...graph.values()].flatMap(({ inputSources }) => inputSources);
    await this.#ask(drvStore, new Set([...graph.keys(), ...sources]));
    if (drvStore !== destination) {
      await this.#ask(destination, new Set(sources));
      await this.#ask(drvStore, this.#allOutputs());
    }
  }

  /** Asks the destination what it can substitute: of that, nothing is built. */
  async surveyCaches(): Promise<void> {
    const { destination, wishes, graph, substitute } = this.request;
    if (!substitute) return;
    const found = await substitutablePaths({
      store: destination.store,
      wishes,
      graph,
      outputsOf: (drvPath) => this.outputsOf(drvPath),
      exists: (path) => this.whereabouts.find(path) !== undefined,
      always: this.request.alwaysSubstitutes ?? false,
    });
    for (const [path, from] of found) this.#substitutable.set(path, from);
  }

  plan(): PlannedBuild[] {
    return plan({
      graph: this.request.graph,
      wishes: this.request.wishes,
      outputsOf: (drvPath) => this.outputsOf(drvPath),
      exists: (path) => this.whereabouts.find(path) !== undefined || this.#substitutable.has(path),
    });
  }

  /** Connects the builders that could do any of `builds`, and asks each what it has. */
  async connect(builds: readonly PlannedBuild[]): Promise<void> {
    const actives = await this.sites.connect(builds);
    const outputs = this.#allOutputs();
    await Promise.all(
      actives.map(({ holder }) =>
        this.#ask(holder, outputs).catch((error) => this.lose(holder.name, messageOf(error))),
      ),
    );
  }

  announce(builds: readonly PlannedBuild[]): void {
    const wished = this.#wishedPaths();
    const there = wished.filter((path) => this.whereabouts.has(this.request.destination, path));
    for (const path of there)
      this.#arrive(path, { kind: "already-there", store: this.request.destination.name });
    this.request.events({
      kind: "planned",
      atMs: this.request.clock.now(),
      builds: builds.map(({ drvPath }) => drvPath),
      alreadyThere: there.length,
    });
  }

  /** A builder went away, with all that only it held. */
  lose(builder: string, message: string): void {
    const active = this.sites.lose(builder, message);
    if (!active) return;
    this.lostBuilders++;
    if (active.holder !== this.request.destination) this.whereabouts.forget(active.holder);
  }

  /** Takes note of a build that succeeded, and starts bringing home what was wished for. */
  async succeeded(build: PlannedBuild, outputs: Map<string, StorePath>, origin: Origin, active: ActiveSite) {
    this.#outputs.set(build.drvPath, outputs);
    const paths = build.outputs.flatMap((name) => outputs.get(name) ?? []);
    this.whereabouts.add(active.holder, paths);
    active.feeder.arrived(paths);
    for (const path of paths) this.#made.set(path, origin);
    this.#realisations.expect(build.drvPath, outputs);
    await this.#bringHome(this.#wishedPathsOf(build.drvPath).filter((path) => paths.includes(path)));
  }

  /** Brings home every wished path that exists somewhere; one that cannot be had now is left for later. */
  async deliver(): Promise<void> {
    await this.substitute(this.#wishedPaths());
    await this.#bringHome(this.#wishedPaths().filter((path) => this.whereabouts.find(path)));
  }

  /** Has the destination take those of `paths` that it can from its caches. */
  async substitute(paths: readonly StorePath[]): Promise<void> {
    const wanted = paths.filter((path) => this.#substitutable.has(path) && !this.whereabouts.find(path));
    if (wanted.length === 0) return;
    const { destination } = this.request;
    const valid = await destination.store.queryValidPaths(wanted, { substitute: true });
    this.whereabouts.add(destination, valid);
    for (const path of valid) {
      const from = this.#substitutable.get(path);
      this.#made.set(path, { kind: "substituted", builder: destination.name, ...(from && { from }) });
    }
    const lost = wanted.filter((path) => !valid.has(path));
    for (const path of lost) this.#substitutable.delete(path);
    this.lostSubstitutes += lost.length;
    if (lost.length > 0 && !this.request.settings.fallback)
      throw new ElsewhereError(
        "SUBSTITUTION_FAILED",
        `Cannot fetch '${lost[0]}'${lost.length > 1 ? ` and ${lost.length - 1} more` : ""}: a cache has it and did not give it`,
        { hint: "try again, or say --fallback to build it" },
      );
  }

  /** What the destination would fetch for `builds` and for the wishes. */
  toFetch(builds: readonly PlannedBuild[]): Substitutable {
    const inputs = builds.flatMap(({ derivation }) =>
      [...derivation.inputDerivations].flatMap(([input, { outputs }]) =>
        outputs.flatMap((name) => this.outputsOf(input).get(name) ?? []),
      ),
    );
    const wanted = [...this.#wishedPaths(), ...inputs].filter(
      (path) => this.#substitutable.has(path) && !this.whereabouts.find(path),
    );
    return new Map(wanted.map((path) => [path, this.#substitutable.get(path)]));
  }

  complete(): boolean {
    const { wishes } = this.request;
    return wishes.every(({ drvPath, outputs }) =>
      outputs.every((name) => this.#origins.has(this.outputsOf(drvPath).get(name)!)),
    );
  }

  /** Why a builder's attempt at a build came to nothing. */
  noteLoss(drvPath: StorePath, builder: string, message: string): void {
    const losses = this.#losses.get(drvPath) ?? new Map<string, string>();
    this.#losses.set(drvPath, losses.set(builder, message));
  }

  lossesOf(drvPath: StorePath): ReadonlyMap<string, string> {
    return this.#losses.get(drvPath) ?? new Map();
  }

  /** The end of a build, told once; a later success replaces nothing. */
  end(drvPath: StorePath, outcome: BuildOutcome): void {
    this.#postponed.delete(drvPath);
    if (this.outcomes.has(drvPath) && outcome.kind !== "realised") return;
    this.outcomes.set(drvPath, outcome);
    this.request.events({ kind: "build-finished", drvPath, outcome, atMs: this.context.clock.now() });
  }

  /** An end that another round may still avert. */
  postpone(drvPath: StorePath, outcome: BuildOutcome): void {
    this.#postponed.set(drvPath, outcome);
  }

  /** Nothing more will be tried: what was postponed has ended, and what was never begun is cancelled. */
  conclude(builds: readonly PlannedBuild[]): void {
    for (const [drvPath, outcome] of this.#postponed) this.end(drvPath, outcome);
    for (const { drvPath } of builds)
      if (!this.outcomes.has(drvPath)) this.end(drvPath, { kind: "cancelled" });
  }

  hasFinalFailure(drvPath: StorePath): boolean {
    const kind = this.outcomes.get(drvPath)?.kind;
    return kind === "failed" || kind === "dependency-failed";
  }

  report(): RealiseReport {
    return {
      outcomes: this.outcomes,
      origins: this.#origins,
      outputsOf: (drvPath) => this.outputsOf(drvPath),
      complete: this.complete(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sites[Symbol.asyncDispose]();
  }

  #feederInto(target: Holder, own: Pick<FeederOptions, "substitute" | "accepts">): Feeder {
    const { events, clock } = this.request;
    const { whereabouts } = this;
    return new Feeder(target, { whereabouts, events, clock, nextId: () => this.#copies++, ...own });
  }

  async #ask(holder: Holder, paths: Set<StorePath>): Promise<void> {
    if (paths.size > 0) this.whereabouts.add(holder, await holder.store.queryValidPaths(paths));
  }

  async #bringHome(paths: readonly StorePath[]): Promise<void> {
    const missing = paths.filter((path) => !this.#origins.has(path));
    const homes = missing.map((path) => this.whereabouts.find(path));
    if (missing.length === 0) return;
    try {
      await this.#home.need(missing);
    } catch (error) {
      this.request.signal.throwIfAborted();
      this.#blame(homes, error);
      return;
    }
    await this.#realisations.arrived(missing);
    for (const [index, path] of missing.entries()) {
      const from = homes[index]?.name ?? this.request.destination.name;
      this.#arrive(path, this.#made.get(path) ?? { kind: "copied", from });
    }
  }

  /** A transfer home that failed is the builder's loss, or, with nobody to lose, everybody's error. */
  #blame(homes: readonly (Holder | undefined)[], error: unknown): void {
    const names = new Set(homes.flatMap((holder) => holder?.name ?? []));
    const builders = [...names].filter(
      (name) => this.sites.active(name) && name !== this.request.destination.name,
    );
    if (builders.length === 0 || !isBrokenLine(error)) throw error;
    for (const name of builders) this.lose(name, messageOf(error));
  }

  #arrive(path: StorePath, origin: Origin): void {
    if (this.#origins.has(path)) return;
    this.#origins.set(path, origin);
    this.request.events({ kind: "path-ready", path, origin });
  }

  #wishedPaths(): StorePath[] {
    return this.request.wishes.flatMap(({ drvPath, outputs }) =>
      outputs.flatMap((name) => this.outputsOf(drvPath).get(name) ?? []),
    );
  }

  #wishedPathsOf(drvPath: StorePath): StorePath[] {
    const names = this.#wishedNames.get(drvPath) ?? [];
    return names.flatMap((name) => this.outputsOf(drvPath).get(name) ?? []);
  }

  #allOutputs(): Set<StorePath> {
    return new Set([...this.#outputs.values()].flatMap((outputs) => [...outputs.values()]));
  }

  /** Outputs whose path is not in the derivation may have been realised before. */
  async #recallRealisations(): Promise<void> {
    const { store } = this.request.destination;
    if (!takesRealisations(store)) return;
    const unknown = [...this.request.graph].filter(
      ([drvPath, { outputs }]) => this.outputsOf(drvPath).size < outputs.size,
    );
    if (unknown.length === 0) return;
    const held = await store.queryValidPaths(unknown.map(([drvPath]) => drvPath));
    for (const [drvPath] of unknown) {
      const known = this.#outputs.get(drvPath)!;
      for (const [name, path] of await this.#realisations.recall(drvPath)) known.set(name, path);
      if (!held.has(drvPath)) continue;
      for (const [name, path] of await store.queryDerivationOutputMap(drvPath))
        if (path) known.set(name, path);
    }
  }
}

/** What a builder takes that does not trust us. */
function provesItself({ contentAddress, signatures }: PathInfo): boolean {
  return contentAddress !== undefined || signatures.length > 0;
}

function isBrokenLine(error: unknown): boolean {
  const code = (error as { code?: string }).code;
  return code !== "REMOTE" && code !== "UNTRUSTED";
}

const NOTHING: KnownOutputs = new Map();

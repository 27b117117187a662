import { type Clock, systemClock } from "#base/clock.ts";
import { Deferred } from "#base/deferred.ts";
import { shortRests } from "#base/rests.ts";
import type { OutputGate } from "#build/engine/output-gate.ts";
import { realise } from "#build/engine/realise.ts";
import type { FetchPolicy, RealiseReport, RealiseRequest } from "#build/engine/realise-request.ts";
import { type BuilderHealth, EMPTY_PAGE, type MachineFacts } from "#build/engine/site/builder-book.ts";
import type { BuildSite, ConnectedSite, Holder, Peer, SiteProbe } from "#build/engine/site/site.ts";
import { type SlotShare, unsharedSlots } from "#build/engine/site/slot-share.ts";
import type { BuildEvent } from "#build/events.ts";
import type { BuildResult, BuildStatus } from "#nix/build-result.ts";
import type { Derivation } from "#nix/derivation.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import type { StorePath } from "#nix/store-path.ts";
import { forgetfulHealth } from "#rig/forgetful-health.ts";
import type { BuilderTraits } from "#schedule/requirement.ts";
import { scoringScheduler } from "#schedule/scoring/scoring-scheduler.ts";
import type { BuildLane } from "#store/build-lane.ts";
import type { LaneOptions, RealiseOptions, Realiser } from "#store/realiser.ts";
import { TransportError } from "#transport/transport-error.ts";
import { FakeStore, pathNamed } from "./fake-store.ts";

type Script = (drvPath: StorePath, options: RealiseOptions) => Promise<BuildStatus> | BuildStatus;

/** A small world: a graph of derivations, a destination, and builders that do as they are told. */
export class EngineRig {
  readonly home: FakeStore;
  readonly graph = new Map<StorePath, Derivation>();
  readonly builders = new Map<string, FakeBuilder>();
  readonly events: BuildEvent[] = [];
  readonly controller = new AbortController();
  keepGoing = false;
  fallback = false;
  gate: OutputGate | undefined;
  fetch: FetchPolicy = "requested";
  readonly peerRests = shortRests();
  slots: SlotShare = unsharedSlots;
  health: BuilderHealth = forgetfulHealth;
  clock: Clock = systemClock;
  probe: SiteProbe = async () => true;
  readonly #homeHolder: Holder;
  readonly #awaited: { readonly is: (event: BuildEvent) => boolean; readonly told: Deferred<void> }[] = [];

  constructor(home = new FakeStore("home")) {
    this.home = home;
    this.#homeHolder = { name: "home", store: home };
  }

  /** Resolves when an event has come of which `is` is true. */
  async hasTold(is: (event: BuildEvent) => boolean): Promise<void> {
    if (this.events.some(is)) return;
    const told = new Deferred<void>();
    this.#awaited.push({ is, told });
    await told.promise;
  }

  /** Declares a derivation with one output; the `.drv` is in the destination store. */
  derive(name: string, inputs: readonly string[] = [], extra: Partial<Derivation> = {}): StorePath {
    const drvPath = drv(name);
    const inputPaths = inputs.map(drv).sort();
    this.graph.set(drvPath, {
      name,
      outputs: new Map([["out", { kind: "input-addressed", path: pathNamed(name) }]]),
      inputSources: [],
      inputDerivations: new Map(inputPaths.map((input) => [input, { outputs: ["out"], dynamic: new Map() }])),
      system: "x86_64-linux",
      builder: "/bin/sh",
      args: [],
      env: new Map(),
      ...extra,
    });
    this.home.hold(drvPath, inputPaths);
    return drvPath;
  }

  /** Lets builders send to each other, as far as `mayReach` says so. */
  connectPeers(mayReach: (from: string, to: string) => boolean = () => true): void {
    for (const [name, builder] of this.builders)
      builder.peer = {
        uri: `fake://${name}`,
        push: async ({ to, infos }) => {
          const paths = infos.map(({ path }) => path);
          const receiver = this.builders.get(to.slice("fake://".length))!;
          builder.pushes.push({ to: receiver.traits.name, paths });
          if (!mayReach(name, receiver.traits.name)) throw new Error("Connection timed out");
          for (const path of paths) receiver.store.infos.set(path, builder.store.infos.get(path)!);
        },
      };
  }

  builder(name: string, traits: Partial<BuilderTraits> = {}): FakeBuilder {
    const builder = new FakeBuilder(name, this.graph, traits);
    this.builders.set(name, builder);
    return builder;
  }

  async build(...names: string[]): Promise<RealiseReport> {
    return await realise(this.request(...names));
  }

  request(...names: string[]): RealiseRequest {
    return {
      graph: this.graph,
      wishes: names.map((name) => ({ drvPath: drv(name), outputs: ["out"] })),
      drvStore: this.#homeHolder,
      destination: this.#homeHolder,
      sites: [...this.builders.values()],
      scheduler: scoringScheduler,
      policy: { attemptsMax: 3, othersMax: 8, waitsForBuilders: false },
      settings: { keepGoing: this.keepGoing, fallback: this.fallback },
      fetch: this.fetch,
      peerRests: this.peerRests,
      slots: this.slots,
      substitute: true,
      buildersUseSubstitutes: false,
      health: this.health,
      probe: this.probe,
      gate: this.gate,
      events: (event) => this.#take(event),
      clock: this.clock,
      signal: this.controller.signal,
    };
  }

  #take(event: BuildEvent): void {
    this.events.push(event);
    for (const { is, told } of this.#awaited) if (is(event)) told.resolve();
  }
}

/** A builder in memory. `script` decides how builds end; without one they succeed. */
export class FakeBuilder implements BuildSite, ConnectedSite, Realiser {
  readonly traits: BuilderTraits;
  readonly store: FakeStore;
  readonly realiser = this;
  trusted: boolean | undefined = true;
  peer: Peer = {};
  /** Whether its outputs refer to what they were made of. */
  outputsRefer = true;
  /** What it was told to send to other builders. */
  readonly pushes: { readonly to: string; readonly paths: readonly StorePath[] }[] = [];
  script: Script = () => "Built";
  unreachable: string | undefined;
  /** As Nix does, it says nothing of what it had not begun when something failed. */
  stopsAtFailure = false;
  connections = 0;
  /** How many lanes it opens. */
  lanesMax = 0;
  lanesClosed = 0;
  /** Derivations in the order in which they began, and how many came in each request. */
  readonly began: StorePath[] = [];
  readonly requests: number[] = [];
  readonly #graph: ReadonlyMap<StorePath, Derivation>;
  #lanesOpened = 0;
  #waiting: { count: number; reached: Deferred<void> }[] = [];

  constructor(name: string, graph: ReadonlyMap<StorePath, Derivation>, traits: Partial<BuilderTraits>) {
    this.#graph = graph;
    this.store = new FakeStore(name);
    this.traits = {
      name,
      systems: ["x86_64-linux"],
      supportedFeatures: [],
      mandatoryFeatures: [],
      maxJobs: 2,
      speedFactor: 1,
      local: false,
      takesGraphs: false,
      ...traits,
    };
  }

  async connect(): Promise<ConnectedSite> {
    this.connections++;
    if (this.unreachable) throw new TransportError("TRANSPORT_TIMEOUT", this.unreachable);
    return this;
  }

  /** Resolves when this builder has begun `count` builds. */
  async hasBegun(count: number): Promise<void> {
    if (this.began.length >= count) return;
    const reached = new Deferred<void>();
    this.#waiting.push({ count, reached });
    await reached.promise;
  }

  /** Goes away in the middle of things. */
  vanish(): TransportError {
    const error = new TransportError("TRANSPORT_LOST", `${this.traits.name} is gone`);
    this.store.broken = error;
    return error;
  }

  async buildDerivation(drvPath: StorePath, _basic: unknown, options: RealiseOptions): Promise<BuildResult> {
    this.requests.push(1);
    return await this.#run(drvPath, options);
  }

  async buildPaths(paths: readonly DerivedPath[], options: RealiseOptions) {
    this.requests.push(paths.length);
    const results = [];
    const failed = new Set<StorePath>();
    for (const path of paths) {
      if (path.kind !== "built") throw new Error("only derivations are asked for");
      const needs = [...this.#graph.get(path.drvPath)!.inputDerivations.keys()];
      const result = needs.some((need) => failed.has(need))
        ? resultOf("DependencyFailed")
        : await this.#run(path.drvPath, options);
      results.push({ ...result, path });
      if (result.status === "Built") continue;
      failed.add(path.drvPath);
      if (this.stopsAtFailure) break;
    }
    return results;
  }

  async openLane(options: LaneOptions): Promise<BuildLane | undefined> {
    if (this.lanesMax === this.#lanesOpened) return undefined;
    this.#lanesOpened++;
    let last: Promise<unknown> = Promise.resolve();
    return {
      buildDerivation: async (drvPath, _basic, log) => {
        const built = last.then(() => this.#run(drvPath, { ...options, log }));
        last = built.catch(() => undefined);
        return await built;
      },
      [Symbol.asyncDispose]: async () => {
        this.lanesClosed++;
      },
    };
  }

  async queryMissing(): Promise<never> {
    throw new Error("not part of these stories");
  }

  async [Symbol.asyncDispose]() {}

  async #run(drvPath: StorePath, options: RealiseOptions): Promise<BuildResult> {
    this.began.push(drvPath);
    for (const { count, reached } of this.#waiting) if (this.began.length >= count) reached.resolve();
    const derivation = this.#graph.get(drvPath)!;
    const inputs = [...derivation.inputDerivations.keys()].map((input) => pathNamed(nameOfDrv(input)));
    for (const input of inputs)
      if (!this.store.infos.has(input)) throw new Error(`${input} was not sent before ${drvPath} began`);
    const status = await this.script(drvPath, options);
    if (status === "Built") this.store.hold(pathNamed(derivation.name), this.outputsRefer ? inputs : []);
    return resultOf(status);
  }
}

/** A book that says the same of every machine, as if somebody had just looked. */
export function healthWith(facts: Omit<MachineFacts, "atMs">): BuilderHealth {
  return { ...forgetfulHealth, pageOf: () => ({ ...EMPTY_PAGE, machine: { atMs: Date.now(), ...facts } }) };
}

export function drv(name: string): StorePath {
  return pathNamed(`${name}.drv`);
}

function nameOfDrv(path: StorePath): string {
  return path.slice(33).replace(/\.drv$/, "");
}

function resultOf(status: BuildStatus): BuildResult {
  return {
    status,
    errorMessage: status === "Built" ? "" : `it ended as ${status}`,
    timesBuilt: 1,
    isNonDeterministic: false,
    startTime: 0,
    stopTime: 0,
    builtOutputs: new Map(),
  };
}

import { ElsewhereError, messageOf } from "#base/errors.ts";
import type { BuilderState } from "#schedule/schedule.ts";
import type { Feeder } from "../feed/feeder.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import { requirementOf } from "../plan/requirement-of.ts";
import type { RealiseRequest } from "../realise-request.ts";
import { type BuildSite, type Holder, keyOf, type Trust } from "../site/site.ts";
import type { ActiveSite } from "./active-site.ts";
import { DrainWatch } from "./drain-watch.ts";
import { LimitWarnings } from "./limit-warnings.ts";
import { usefulFor, worthTrying } from "./worth-trying.ts";

/** Told when a builder becomes usable or unusable. */
export type OnBuilderChange = (builder: string, state: BuilderState) => void;

/** Connects builders, each at most once at a time, and remembers those that do not answer. */
export class SiteConnector implements AsyncDisposable {
  readonly #request: RealiseRequest;
  readonly #feederInto: (holder: Holder, trust: Trust) => Feeder;
  readonly #active = new Map<string, ActiveSite>();
  readonly #connecting = new Map<string, Promise<void>>();
  readonly #faults = new Map<string, string>();
  readonly #drained: DrainWatch;
  readonly #warnings: LimitWarnings;
  /** Every connection that was made, to be closed in the end. */
  readonly #opened: AsyncDisposable[] = [];
  readonly #ending = new AbortController();
  onChange: OnBuilderChange = () => undefined;

  constructor(request: RealiseRequest, feederInto: (holder: Holder, trust: Trust) => Feeder) {
    this.#request = request;
    this.#feederInto = feederInto;
    this.#warnings = new LimitWarnings(request);
    this.#drained = new DrainWatch({
      health: request.health,
      inUse: () => Array.from(this.#active.values(), ({ site }) => site),
      onFound: ({ traits }, why) => {
        if (!this.#active.has(traits.name)) this.#faults.set(traits.name, why);
      },
      onDrained: ({ traits }) => this.onChange(traits.name, "drained"),
      onResumed: (site) => this.#takeBack(site),
    });
  }

  active(builder: string): ActiveSite | undefined {
    return this.#active.get(builder);
  }

  state(builder: string): BuilderState {
    if (this.#active.has(builder)) return this.#drained.has(builder) ? "drained" : "up";
    return this.#connecting.has(builder) ? "connecting" : "down";
  }

  /** Why builders are not in use, by name. */
  get faults(): ReadonlyMap<string, string> {
    return this.#faults;
  }

  get busy(): boolean {
    return this.#connecting.size > 0;
  }

  /**
   * Connects those that could do any of `builds`. Returns when all have answered or failed, or when the
   * first has answered and the others had a fair time more; they join later.
   */
  async connect(builds: readonly PlannedBuild[]): Promise<readonly ActiveSite[]> {
    const wanted = new Set(builds.map(({ derivation }) => requirementOf(derivation)));
    // One that somebody drained is not even connected.
    const working = usefulFor(wanted, this.#request.sites).filter((site) => !this.#drained.look(site));
    const tried = worthTrying(wanted, working, (site) => this.#rests(site));
    await this.#settle(tried.map((site) => this.#open(site)));
    return [...this.#active.values()];
  }

  lose(builder: string, message: string): ActiveSite | undefined {
    const active = this.#active.get(builder);
    if (!active) return undefined;
    this.#active.delete(builder);
    this.#note(active.site, message);
    this.onChange(builder, "down");
    return active;
  }

  /** Also stops those that still connect: nothing waits for them any more, and they would keep the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#drained[Symbol.dispose]();
    this.#ending.abort();
    await Promise.allSettled(this.#connecting.values());
    await Promise.allSettled(this.#opened.map((opened) => opened[Symbol.asyncDispose]()));
  }

  async #settle(pending: readonly Promise<void>[]): Promise<void> {
    const all = Promise.all(pending);
    const grace = new AbortController();
    const first = Promise.any(pending.map((one) => one.then(() => this.#active.size || Promise.reject())));
    const late = first.then(() => this.#request.clock.sleep(CONNECT_GRACE_MS, grace.signal)).catch(() => all);
    await Promise.race([all, late]);
    grace.abort();
  }

  /** Whether a builder is to be left alone for having been down. */
  #rests(site: BuildSite): boolean {
    const nowMs = this.#request.clock.now();
    const rest = this.#request.health.backOff(keyOf(site), nowMs);
    if (!rest) return false;
    const again = `it is tried again in ${seconds(rest.untilMs - nowMs)}`;
    this.#faults.set(site.traits.name, `${rest.message} (remembered; ${again})`);
    return true;
  }

  #takeBack(site: BuildSite): void {
    const { name } = site.traits;
    if (this.#active.has(name)) this.onChange(name, "up");
    else if (!this.#connecting.has(name)) void this.#open(site);
  }

  #open(site: BuildSite): Promise<void> {
    const { name } = site.traits;
    const opening = this.#tryOpen(site).finally(() => this.#connecting.delete(name));
    this.#connecting.set(name, opening);
    return opening.then(() => {
      if (!this.#ending.signal.aborted) this.onChange(name, this.state(name));
    });
  }

  async #tryOpen(site: BuildSite): Promise<void> {
    const { events, clock, signal, destination, health } = this.#request;
    const { name } = site.traits;
    events({ kind: "builder-connecting", builder: name, atMs: clock.now() });
    try {
      const connected = await site.connect(AbortSignal.any([signal, this.#ending.signal]));
      this.#opened.push(connected);
      if (this.#ending.signal.aborted) return;
      if (connected.store.storeDir !== destination.store.storeDir)
        throw new ElsewhereError(
          "STORE_DIR",
          `its store is ${connected.store.storeDir}, not ${destination.store.storeDir}`,
        );
      const holder =
        connected.store === destination.store
          ? destination
          : { name, store: connected.store, peer: connected.peer ?? {} };
      const trust = { takesOurWord: connected.trusted !== false };
      this.#active.set(name, {
        site,
        connected,
        holder,
        trust,
        feeder: this.#feederInto(holder, trust),
      });
      this.#faults.delete(name);
      health.recovered(keyOf(site));
      events({ kind: "builder-up", builder: name, slots: site.traits.maxJobs, atMs: clock.now() });
      await this.#warnings.look(name, connected.realiser);
    } catch (error) {
      signal.throwIfAborted();
      if (this.#ending.signal.aborted) return;
      this.#note(site, messageOf(error));
    }
  }

  #note(site: BuildSite, message: string): void {
    const { events, clock, health } = this.#request;
    const builder = site.traits.name;
    this.#faults.set(builder, message);
    health.failed(keyOf(site), clock.now(), message);
    events({ kind: "builder-down", builder, atMs: clock.now(), message });
  }
}

function seconds(ms: number): string {
  return ms < 120_000 ? `${Math.ceil(ms / 1000)} s` : `${Math.ceil(ms / 60_000)} min`;
}

/** How long the first builder that answers is held back for the others. */
const CONNECT_GRACE_MS = 500;

import { systemClock } from "#base/clock.ts";
import { messageOf } from "#base/errors.ts";
import { buildSettingsOf } from "#build/build-settings.ts";
import { builderFacts } from "#build/engine/site/builder-facts.ts";
import { type BuildSite, keyOf } from "#build/engine/site/site.ts";
import { siteProbe } from "#build/probe/site-probe.ts";
import { namedSites } from "#cli/named-sites.ts";
import type { HookCommand } from "#cli/services.ts";
import { userName } from "#cli/user-name.ts";
import type { ResolvedSettings } from "#nix/settings.ts";
import { DEFAULT_STORE_DIR, parseStoreDir } from "#nix/store-path.ts";
import { Foreman } from "#resident/foreman.ts";
import { Desk } from "#resident/hook/desk.ts";
import { type HookOffer, serveHook } from "#resident/hook/hook-call.ts";
import type { HookClient } from "#resident/hook/hook-client.ts";
import { answerHook, type HookLine } from "#resident/hook/hook-line.ts";
import { KeptSites } from "#resident/kept-sites.ts";
import { stay } from "#resident/resident.ts";
import { startResident } from "#resident/start-resident.ts";
import { scoringScheduler } from "#schedule/scoring/scoring-scheduler.ts";
import { nextActivityId } from "#store/activity-id.ts";
import { machineSite } from "./build-sites.ts";
import { hookSettingsOf } from "./hook-settings.ts";
import { HookStores } from "./hook-stores.ts";
import { loadMachines } from "./load-machines.ts";
import { hostFacts, loadConfLines } from "./load-settings.ts";
import { CONNECTION_IDLE_MS, OFFLOAD_POLICY, siteKey } from "./offload.ts";
import { SharedRuns } from "./shared-runs.ts";
import { stateDir } from "./state-dir.ts";

/** Starts the resident process of this user's build hook, or is it. */
export async function runHook(
  command: HookCommand,
  { env, signal }: { env: NodeJS.ProcessEnv; signal: AbortSignal },
) {
  const folder = env.ELSEWHERE_RUNTIME_DIR!;
  const uid = process.getuid?.() ?? 0;
  const { home } = command;
  if (command.kind === "start") {
    const [entry] = process.argv.slice(1);
    const words = [process.execPath, ...process.execArgv, entry!, "hook", "--stay", home];
    return await startResident({ folder, uid, home, entry: entry!, command: words, env });
  }
  await using desk = new ResidentDesk(env);
  const idleMs = Number(env.ELSEWHERE_HOOK_IDLE_S || IDLE_S) * 1000;
  await stay({ folder, uid, home, idleMs, clock: systemClock, signal, serve: (call) => desk.serve(call) });
}

/** What all calls of one user's hooks share. */
class ResidentDesk implements AsyncDisposable {
  readonly #sites = new KeptSites({ clock: systemClock, idleMs: CONNECTION_IDLE_MS });
  readonly #stores = new HookStores(systemClock);
  readonly #foremen = new Map<string, Foreman>();
  readonly #facts = hostFacts();
  readonly #runs: SharedRuns;
  readonly #user = userName();
  readonly #desk = new Desk((offer) => this.#clientOf(offer));
  /** The settings that came last, and what they come to: nearly always those of the next call. */
  #last: { readonly key: string; readonly resolved: ResolvedSettings } | undefined;

  constructor(env: NodeJS.ProcessEnv) {
    this.#runs = new SharedRuns(stateDir(env));
  }

  async serve(call: string): Promise<void> {
    try {
      const line = await answerHook(call);
      const { NIX_STORE_DIR: storeDir } = line.hello.env;
      await serveHook(line, {
        desk: this.#desk,
        storeDir: storeDir ? parseStoreDir(storeDir) : DEFAULT_STORE_DIR,
        nextId: nextActivityId,
      });
    } catch (error) {
      process.stderr.write(`elsewhere: ${messageOf(error)}\n`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sites[Symbol.asyncDispose]();
    await this.#stores[Symbol.asyncDispose]();
    await this.#runs[Symbol.asyncDispose]();
  }

  async #clientOf({ settings: sent, line }: HookOffer): Promise<HookClient> {
    const env = this.#environmentOf(line);
    const resolved = this.#resolve(sent, env);
    const { settings } = resolved;
    const machines = loadMachines(resolved);
    const keys = machines.map((machine) => siteKey(machine, settings, env));
    const named = namedSites(machines.map((machine) => machineSite(machine, resolved, env)));
    const { health } = this.#runs;
    const sites = named
      .map((site, index) => this.#sites.keep(keys[index]!, site))
      .filter((site) => !health.pageOf(keyOf(site)).drained);
    const names = sites.map(({ traits }) => traits.name);
    return {
      settings,
      sites,
      foreman: this.#foremanOf(JSON.stringify([machines, keys, names]), sites),
      driven: {
        scheduler: scoringScheduler,
        policy: OFFLOAD_POLICY,
        alwaysSubstitutes: settings["always-allow-substitutes"],
        buildersUseSubstitutes: settings["builders-use-substitutes"],
        health,
        clock: systemClock,
      },
      observe: (event) => {
        if (event.kind === "builder-down") this.#sites.discard(event.builder);
      },
      estimatesOf: (names) => this.#runs.estimatesOf(names, sites),
      realise: (request, say) =>
        this.#runs.realise(request, {
          asker: { principal: this.#user, door: "hook" },
          audit: { mode: settings.audit, env, say },
        }),
      buildSettings: buildSettingsOf(settings),
      openStore: () => this.#stores.lease(settings, env),
    };
  }

  #foremanOf(key: string, sites: HookClient["sites"]): Foreman {
    const known = this.#foremen.get(key);
    if (known) return known;
    const siteNamed = (builder: string) => sites.find(({ traits }) => traits.name === builder)!;
    const foreman = new Foreman({
      // Each build goes by itself: Nix gives them away one by one.
      builders: sites.map(({ traits }) => ({ ...traits, takesGraphs: false })),
      scheduler: scoringScheduler,
      policy: OFFLOAD_POLICY,
      clock: systemClock,
      probe: (builder) => this.#probe(siteNamed(builder)),
      factsOf: (builder) =>
        builderFacts(this.#runs.health.pageOf(keyOf(siteNamed(builder))), systemClock.now()),
    });
    this.#foremen.set(key, foreman);
    return foreman;
  }

  /** By a build, over the connection that is kept. */
  async #probe(site: BuildSite): Promise<boolean> {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    await using connected = await site.connect(signal);
    return await siteProbe(this.#runs.health, systemClock)(site, connected, signal);
  }

  #resolve(sent: ReadonlyMap<string, string>, env: NodeJS.ProcessEnv): ResolvedSettings {
    const written = loadConfLines({ env });
    const key = JSON.stringify([...sent, written]);
    if (this.#last?.key === key) return this.#last.resolved;
    const resolved = hookSettingsOf({ sent, written }, this.#facts);
    this.#last = { key, resolved };
    return resolved;
  }

  /** The agent that ssh asks is that of the user's latest session. */
  #environmentOf({ hello }: HookLine): NodeJS.ProcessEnv {
    const { SSH_AUTH_SOCK: agent } = hello.env;
    if (agent) process.env.SSH_AUTH_SOCK = agent;
    return hello.env;
  }
}

/** How long it stays with nothing to do. */
const IDLE_S = 600;
/** A builder that does not build a small thing in that time does not build. */
const PROBE_TIMEOUT_MS = 120_000;

import { systemClock } from "#base/clock.ts";
import type { BuildSite } from "#build/engine/site/site.ts";
import { namedSites } from "#cli/named-sites.ts";
import type { Machine } from "#nix/machine.ts";
import type { ResolvedSettings, Settings } from "#nix/settings.ts";
import { BuildsUnderWay } from "#resident/builds-under-way.ts";
import { KeptSites } from "#resident/kept-sites.ts";
import type { Offload } from "#resident/offloading-realiser.ts";
import type { Policy } from "#schedule/schedule.ts";
import { scoringScheduler } from "#schedule/scoring/scoring-scheduler.ts";
import { nextActivityId } from "#store/activity-id.ts";
import type { BuildSettings } from "#store/realiser.ts";
import type { Store } from "#store/store.ts";
import { localSite, machineSite } from "./build-sites.ts";
import { loadMachines } from "./load-machines.ts";
import { SharedRuns } from "./shared-runs.ts";

/** What requests of one long-lived process share: connections to builders, and what is known of these. */
export class SharedOffload implements AsyncDisposable {
  readonly #sites = new KeptSites({ clock: systemClock, idleMs: CONNECTION_IDLE_MS });
  readonly #underWay = new BuildsUnderWay();
  readonly #runs: SharedRuns;

  readonly #env: NodeJS.ProcessEnv;

  constructor(stateDir: string, env: NodeJS.ProcessEnv) {
    this.#env = env;
    this.#runs = new SharedRuns(stateDir);
  }

  /** What builds for `store` are driven with, by the settings of whoever asks for them. */
  offloadFor(store: Store, { settings, principal }: { settings: Settings; principal: string }): Offload {
    return {
      scheduler: scoringScheduler,
      substitute: settings.substitute,
      alwaysSubstitutes: settings["always-allow-substitutes"],
      buildersUseSubstitutes: settings["builders-use-substitutes"],
      health: this.#runs.health,
      clock: systemClock,
      sites: async (asked) => this.#sitesFor(store, withClientsJobs(settings, asked)),
      policy: OFFLOAD_POLICY,
      observe: (event) => {
        if (event.kind === "builder-down") this.#sites.discard(event.builder);
      },
      nextActivityId,
      realise: async (request, say) => {
        const names = Array.from(request.graph.values(), ({ name }) => name);
        const estimates = await this.#runs.estimatesOf(names, request.sites);
        return await this.#runs.realise(
          { ...request, estimates },
          {
            asker: { principal, door: "daemon" },
            audit: { mode: settings.audit, env: this.#env, say },
          },
        );
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sites[Symbol.asyncDispose]();
    await this.#runs[Symbol.asyncDispose]();
  }

  #sitesFor(store: Store, settings: ResolvedSettings): BuildSite[] {
    const local = localSite(store, settings);
    const machines = loadMachines(settings);
    const remote = namedSites(machines.map((machine) => machineSite(machine, settings)));
    const kept = remote.map((site, index) =>
      this.#sites.keep(siteKey(machines[index]!, settings.settings, process.env), site),
    );
    const shared = kept.map((site) => ({
      ...site,
      connect: async (signal: AbortSignal) => this.#underWay.on(await site.connect(signal)),
    }));
    return [...shared, ...(local ? [local] : [])];
  }
}

/** Its own slots are what the client says that they are. */
function withClientsJobs(settings: Settings, { maxJobs }: BuildSettings): ResolvedSettings {
  const own = maxJobs === undefined ? settings : { ...settings, "max-jobs": maxJobs };
  return { settings: own, set: new Set(), unknown: [] };
}

/** What makes a connection to a machine differ from another. */
export function siteKey(machine: Machine, settings: Settings, { NIX_SSHOPTS }: NodeJS.ProcessEnv): string {
  const { uri, sshKey, sshPublicHostKey } = machine;
  return JSON.stringify([uri, sshKey, sshPublicHostKey, settings["connect-timeout"], NIX_SSHOPTS]);
}

/** How long a connection to a builder is kept that nobody uses. */
export const CONNECTION_IDLE_MS = 5 * 60_000;
/** Attempts of one build, over all builders, and of how many other builders a placement tells. */
export const OFFLOAD_POLICY: Policy = { attemptsMax: 3, othersMax: 64, waitsForBuilders: false };

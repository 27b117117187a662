import type { BuildAudit } from "#audit/gate/build-audit.ts";
import type { ContentGateOptions } from "#audit/gate/content-gate.ts";
import type { Rests } from "#base/rests.ts";
import type { BuilderBook } from "#build/engine/site/builder-book.ts";
import type { BuildSite } from "#build/engine/site/site.ts";
import type { SlotShare } from "#build/engine/site/slot-share.ts";
import type { Examine } from "#doctor/examination.ts";
import type { Ledger } from "#ledger/ledger.ts";
import type { Machine } from "#nix/machine.ts";
import type { ResolvedSettings } from "#nix/settings.ts";
import type { ServiceRequest } from "#serve/service-request.ts";
import type { SetupHost } from "#setup/host.ts";
import type { Store } from "#store/store.ts";

/**
 * What commands are given by the composition root (`src/main/services.ts`), so that they never
 * import an adapter. Each method loads its part lazily.
 */
export interface Services {
  /** The folder for what Elsewhere remembers between runs: `$XDG_STATE_HOME/elsewhere`. */
  stateDir(): string;
  /** Settings from nix.conf and the environment, with `[name, value]` of the command line over them. */
  settings(overrides: Iterable<readonly [string, string]>): Promise<ResolvedSettings>;
  /** The machines that the `builders` setting names, those that are enabled. */
  machines(settings: ResolvedSettings): Promise<readonly Machine[]>;
  /** Opens a store by its URI; undefined: the usual one of this machine. Without `warn`, standard error is told. */
  openStore(
    uri: string | undefined,
    settings: ResolvedSettings,
    warn?: (text: string) => void,
  ): Promise<Store>;
  /** A builder of the machines file, not connected yet. */
  machineSite(machine: Machine, settings: ResolvedSettings): Promise<BuildSite>;
  /** This machine as a builder into `store`; undefined where it must not build or cannot. */
  localSite(store: Store, settings: ResolvedSettings): Promise<BuildSite | undefined>;
  /** What is remembered of builders. */
  builderBook(): Promise<BuilderBook>;
  /** This machine, as setting up sees and changes it. */
  setupHost(): Promise<SetupHost>;
  /** Starts this program again with other words, in a session of its own; it goes on when this one ends. */
  startDetached(request: DetachedRequest): Promise<DetachedProcess>;
  /** Where this program is, to be written into files: `/…/bin/elsewhere`. */
  programPath(): string;
  /** Processors of this machine. */
  cpus(): number;
  /** The slots of builders, shared by all runs of this user on this machine. */
  slots(): Promise<SlotShare>;
  /** Remembers, under a name for the matter, what is not worth another try for a while. */
  rests(name: string): Promise<Rests>;
  /** The record of what was built where and why. */
  ledger(): Promise<Ledger>;
  /** Audits a graph that is about to be built, and makes the gate that its outputs pass. */
  auditBuild(options: ContentGateOptions): Promise<BuildAudit>;
  /** Starts the resident process of this user's build hook, or is it until it is idle or `signal` aborts. */
  hook(command: HookCommand, signal: AbortSignal): Promise<void>;
  /** Looks at the whole chain of offloading, from the settings here to an output that came home. */
  examine: Examine;
  /** Serves a store until its clients have gone or `signal` aborts; the exit code. */
  serve(request: ServiceRequest, signal: AbortSignal): Promise<number>;
}

/** What a hook's process is to be; `home` is where its program lies. */
export interface HookCommand {
  readonly kind: "start" | "stay";
  readonly home: string;
}

export interface DetachedRequest {
  readonly args: readonly string[];
  /** Files that take what it prints and what it says. */
  readonly output: string;
  readonly errors: string;
  /** It reads what this process was given to read. */
  readonly takesInput: boolean;
}

export interface DetachedProcess {
  readonly pid: number;
  /** Its exit code, should it end while this process still waits; 128 and more for a signal. */
  readonly ended: Promise<number>;
  /** As Ctrl-C would. */
  interrupt(): void;
  /** This process need not wait for it any longer. */
  release(): void;
}

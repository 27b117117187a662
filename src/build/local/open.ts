import { mkdirSync } from "node:fs";
import { systemClock } from "#base/clock.ts";
import { ElsewhereError } from "#base/errors.ts";
import { Semaphore } from "#base/semaphore.ts";
import { BubblewrapSandbox } from "#sandbox/linux/bubblewrap.ts";
import { findBubblewrapTools } from "#sandbox/linux/bubblewrap-tools.ts";
import { ControlGroups } from "#sandbox/linux/control-group.ts";
import { findStaticShell } from "#sandbox/linux/static-shell.ts";
import { PlainProcessSandbox } from "#sandbox/none/plain-process.ts";
import { OutputPipes } from "#sandbox/output-pipe.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import type { LocalStore } from "#store/local/local-store.ts";
import { removeTree } from "#store/local/scratch.ts";
import { LocalRealiser } from "./local-realiser.ts";
import { isStaleName, ownedName } from "./process/ownership.ts";
import { removeStaleWorkspaces } from "./process/workspace.ts";
import { DEFAULT_LOCAL_BUILD_SETTINGS, type LocalBuildSettings } from "./settings.ts";
import { Trash } from "./trash.ts";

export interface OpenOptions {
  readonly settings?: Partial<LocalBuildSettings>;
  /** `none` builds without; `bubblewrap` fails where it cannot be had, unless `sandboxFallback`. */
  readonly sandbox: "bubblewrap" | "none";
  readonly sandboxFallback?: boolean;
  /** `PATH` in which the sandbox's programs are looked for. */
  readonly searchPath: string;
}

/** A local realiser, ready to build, and what it holds open. What killed processes left behind is removed first. */
export async function openLocalRealiser(
  store: LocalStore,
  { settings: given = {}, sandbox, sandboxFallback = false, searchPath }: OpenOptions,
): Promise<{ readonly realiser: LocalRealiser } & AsyncDisposable> {
  const settings = withShell({ ...DEFAULT_LOCAL_BUILD_SETTINGS, ...given }, searchPath);
  store.checkWritable();
  const top = settings.buildDir ?? `${store.stateDir}/builds`;
  mkdirSync(top, { recursive: true });
  const controlGroups = new ControlGroups();
  controlGroups.removeStale(isStaleName);
  removeStaleWorkspaces(
    top,
    (place) => place.startsWith(`${store.physicalStoreDir}/`) && SCRATCH.test(place),
  );
  const pipesDir = `${top}/${ownedName()}`;
  mkdirSync(pipesDir, { mode: 0o700 });
  const pipes = new OutputPipes(pipesDir);
  const plain = new PlainProcessSandbox(pipes);
  const trash = new Trash();
  const { chosen, whyPlain }: Chosen =
    sandbox === "none"
      ? { chosen: plain }
      : await openSandbox({ pipes, controlGroups, plain, searchPath, sandboxFallback });
  const site = {
    store,
    settings,
    plain,
    sandbox: chosen,
    whyPlain,
    clock: systemClock,
    trash,
  };
  const realiser = new LocalRealiser(site, new Semaphore(Math.max(1, settings.maxJobs)));
  return {
    realiser,
    async [Symbol.asyncDispose]() {
      await trash.settled();
      await chosen[Symbol.asyncDispose]?.();
      await pipes[Symbol.asyncDispose]();
      removeTree(pipesDir);
    },
  };
}

interface SandboxParts {
  readonly pipes: OutputPipes;
  readonly controlGroups: ControlGroups;
  readonly plain: Sandbox;
  readonly searchPath: string;
  readonly sandboxFallback: boolean;
}

interface Chosen {
  readonly chosen: Sandbox;
  /** Why there is no sandbox where one was wanted. */
  readonly whyPlain?: ElsewhereError;
}

async function openSandbox({
  pipes,
  controlGroups,
  plain,
  searchPath,
  sandboxFallback,
}: SandboxParts): Promise<Chosen> {
  try {
    const tools = await findBubblewrapTools(searchPath);
    return { chosen: new BubblewrapSandbox({ tools, pipes, controlGroups, newName: ownedName }) };
  } catch (error) {
    if (sandboxFallback && error instanceof ElsewhereError && error.code === "SANDBOX_UNAVAILABLE")
      return { chosen: plain, whyPlain: error };
    throw error;
  }
}

/** Builders expect a `/bin/sh`; where the settings give none, the machine may have one that needs nothing else. */
function withShell(settings: LocalBuildSettings, searchPath: string): LocalBuildSettings {
  if (settings.sandboxPaths.some((entry) => /^\/bin\/sh(=|\?|$)/.test(entry))) return settings;
  const shell = findStaticShell(searchPath);
  return shell ? { ...settings, sandboxPaths: [...settings.sandboxPaths, `/bin/sh=${shell}`] } : settings;
}

/** Where a store makes its scratch places. */
const SCRATCH = /\/[0-9a-df-np-sv-z]{32}-elsewhere-scratch\/\d+$/;

import { existsSync } from "node:fs";
import { formatBytes } from "#base/format-bytes.ts";
import { derivationType, isNetworked } from "#nix/derivation-type.ts";
import type { StorePath } from "#nix/store-path.ts";
import { printStorePath } from "#nix/store-path.ts";
import { prepareNixRoot } from "#sandbox/linux/nix-root.ts";
import type { Mount, Sandbox, SandboxOutcome, SandboxSpec } from "#sandbox/sandbox.ts";
import { OVER_MEMORY } from "../../over-memory.ts";
import { BuildFailure } from "../build-failure.ts";
import type { BuildJob, BuildSite } from "../build-site.ts";
import type { BuildLogFeed } from "./build-log-feed.ts";
import { BuildWatch } from "./build-watch.ts";
import { hostMounts } from "./host-mounts.ts";
import type { PreparedBuild } from "./prepare-build.ts";
import { StoredLog } from "./stored-log.ts";
import type { Workspace } from "./workspace.ts";

export interface RunParts {
  readonly site: BuildSite;
  readonly job: BuildJob;
  readonly workspace: Workspace;
  readonly sandbox: Sandbox;
  readonly prepared: PreparedBuild;
  readonly innerBuildDir: string;
  readonly inputs: Iterable<StorePath>;
  readonly feed: BuildLogFeed;
}

/** Runs the builder to its end, within the limits; its output becomes lines and a stored log. Throws a `BuildFailure` when a limit or the client ended it. */
export async function runBuilder(parts: RunParts): Promise<SandboxOutcome> {
  const { site, job, feed } = parts;
  const stored = new StoredLog(site.store, job.drvPath);
  using watch = new BuildWatch(site, job);
  try {
    const spec = await sandboxSpec(parts);
    const outcome = await parts.sandbox.run(spec, {
      signal: watch.signal,
      onOutput: async (chunk) => {
        watch.heard(chunk.length);
        feed.update(chunk);
        await stored.write(chunk);
      },
    });
    watch.throwIfEnded();
    if (outcome.end.kind === "over-memory") throw overMemory(parts);
    if (outcome.end.kind === "not-started")
      feed.update(Buffer.from(`error: executing '${spec.program}': ${outcome.end.why}\n`));
    return outcome;
  } catch (error) {
    watch.throwIfEnded();
    throw error;
  } finally {
    feed.end();
    await stored.close();
  }
}

async function sandboxSpec(parts: RunParts): Promise<SandboxSpec> {
  const { job, workspace, prepared, innerBuildDir, sandbox, site } = parts;
  const { program, args, env } = prepared;
  const network = isNetworked(derivationType(job.derivation));
  return {
    program,
    argv: [program.slice(program.lastIndexOf("/") + 1), ...args],
    env,
    workingDir: innerBuildDir,
    root: workspace.root,
    mounts: sandbox.movesPaths ? await mountsOf(parts, network) : [],
    devices: devicesOf(site),
    network,
    system: job.derivation.system,
    filterSystemCalls: site.settings.filterSystemCalls,
    scratchDir: workspace.dir,
    ...(memoryMaxOf(parts) > 0 && { memoryMaxBytes: memoryMaxOf(parts) }),
  };
}

/** The smaller of what is asked for and what this machine gives a build; 0 where neither says any. */
function memoryMaxOf({ site, job }: Pick<RunParts, "site" | "job">): number {
  const limits = [job.request.settings.maxMemoryBytes ?? 0, site.settings.maxMemoryBytes];
  return limits.filter((bytes) => bytes > 0).sort((a, b) => a - b)[0] ?? 0;
}

/** Final, as whoever set the limit wants it: the words are what clients know it by. */
function overMemory(parts: RunParts): BuildFailure {
  const { site, job } = parts;
  const drv = printStorePath(site.store.storeDir, job.drvPath);
  return new BuildFailure(
    "PermanentFailure",
    `building derivation '${drv}' ${OVER_MEMORY} ${formatBytes(memoryMaxOf(parts))} of memory`,
  );
}

/** As in Nix: whoever builds for `kvm` shows it to every build. */
function devicesOf({ settings }: BuildSite): string[] {
  return settings.systemFeatures.includes("kvm") && existsSync(KVM) ? [KVM] : [];
}

async function mountsOf(
  { site, job, workspace, innerBuildDir, inputs }: RunParts,
  network: boolean,
): Promise<Mount[]> {
  const { store, settings } = site;
  const rootMounts = prepareNixRoot(workspace.root, {
    storeDir: store.storeDir,
    buildDir: innerBuildDir,
    network,
    certificates: settings.certificates,
  });
  const inputMounts = Array.from(inputs, (path) => ({
    source: store.realPathOf(path),
    target: printStorePath(store.storeDir, path),
    writable: false,
  }));
  const build = { source: workspace.buildDir, target: innerBuildDir, writable: true };
  return [...inputMounts, build, ...(await hostMounts(site, job, inputs)), ...rootMounts];
}

const KVM = "/dev/kvm";

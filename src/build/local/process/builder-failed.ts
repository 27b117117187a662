import { statfsSync } from "node:fs";
import { derivationType, isNetworked } from "#nix/derivation-type.ts";
import { printStorePath } from "#nix/store-path.ts";
import type { SandboxEnd } from "#sandbox/sandbox.ts";
import { BuildFailure } from "../build-failure.ts";
import type { BuildJob, BuildSite } from "../build-site.ts";
import type { PlannedOutput } from "../output/planned-output.ts";
import type { BuildLogFeed } from "./build-log-feed.ts";
import { sandboxOf } from "./sandbox-of.ts";
import type { Workspace } from "./workspace.ts";

export interface Failed {
  readonly site: BuildSite;
  readonly job: BuildJob;
  readonly workspace: Workspace;
  readonly feed: BuildLogFeed;
  readonly drv: string;
  readonly outputs: readonly PlannedOutput[];
  readonly end: SandboxEnd;
}

/** What is said of a builder that failed: how, what it was to make, its last lines, and where all are. */
export function builderFailed({ site, job, workspace, feed, drv, outputs, end }: Failed): BuildFailure {
  const full = isDiskFull(site.store.physicalStoreDir) || isDiskFull(workspace.dir);
  const paths = outputs.flatMap(({ path }) =>
    path ? [`  ${printStorePath(site.store.storeDir, path)}`] : [],
  );
  const lines = [
    `Cannot build '${drv}'.`,
    `Reason: builder ${describeEnd(end)}.`,
    ...(full ? ["note: build failure may have been caused by lack of free disk space"] : []),
    ...(paths.length > 0 ? ["Output paths:", ...paths] : []),
    ...(feed.tail.length > 0
      ? [
          `Last ${feed.tail.length} log lines:`,
          ...feed.tail.map((line) => `> ${line}`),
          "For full logs, run:",
          `  nix log ${drv}`,
        ]
      : []),
  ];
  const mayPass = full || isNetworked(derivationType(job.derivation));
  const needsShell =
    end.kind === "not-started" || (end.kind === "exited" && (end.code === 126 || end.code === 127));
  const hasShell = site.settings.sandboxPaths.some((entry) => /^\/bin\/sh(=|\?|$)/.test(entry));
  return new BuildFailure(mayPass ? "TransientFailure" : "PermanentFailure", lines.join("\n"), {
    ...(needsShell && !hasShell && sandboxOf(site, job).movesPaths && { hint: NO_SHELL }),
  });
}

const NO_SHELL =
  "hint: the sandbox has no /bin/sh. If the builder needs one, install a static busybox (apt-get install busybox-static) or set sandbox-paths = /bin/sh=/path/to/a/static/shell";

function describeEnd(end: SandboxEnd): string {
  if (end.kind === "over-memory") return "used more memory than it may";
  if (end.kind === "exited") return `failed with exit code ${end.code}`;
  return end.kind === "signalled" ? `failed due to signal ${end.signal}` : "failed with exit code 1";
}

function isDiskFull(place: string): boolean {
  const { bavail, bsize } = statfsSync(place);
  return bavail * bsize < DISK_FREE_BYTES_MIN;
}

/** With less than this free the disk counts as full, as in Nix. */
const DISK_FREE_BYTES_MIN = 8 * 1024 * 1024;

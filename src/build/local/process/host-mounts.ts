import { parseInStore, printStorePath, type StorePath } from "#nix/store-path.ts";
import type { Mount } from "#sandbox/sandbox.ts";
import { BuildFailure } from "../build-failure.ts";
import type { BuildJob, BuildSite } from "../build-site.ts";
import { mountOf, parseSandboxPath, type SandboxPath } from "./sandbox-paths.ts";

/** What the settings, and the derivation where it may, show of the machine; store paths with their closures. */
export async function hostMounts(
  site: BuildSite,
  job: BuildJob,
  inputs: Iterable<StorePath>,
): Promise<Mount[]> {
  const { store, settings } = site;
  const entries = [...settings.sandboxPaths.map(parseSandboxPath), ...impureHostDeps(site, job)];
  const roots = entries.flatMap(({ source }) => {
    if (!source.startsWith(`${store.storeDir}/`)) return [];
    return [parseInStore(store.storeDir, source).path];
  });
  const closure = roots.length === 0 ? [] : await store.queryClosure(roots);
  const shown = new Set(inputs);
  const mounts = closure
    .filter(({ path }) => !shown.has(path))
    .map(({ path }) => ({
      source: store.realPathOf(path),
      target: printStorePath(store.storeDir, path),
      writable: false,
    }));
  for (const entry of entries) {
    if (mounts.some(({ target }) => target === entry.target)) continue;
    const mount = mountOf(onDisk(site, entry));
    if (mount) mounts.push(mount);
  }
  return mounts;
}

/** A store path lies elsewhere on disk than it says when the store has a root of its own. */
function onDisk({ store }: BuildSite, entry: SandboxPath): SandboxPath {
  if (!entry.source.startsWith(`${store.storeDir}/`)) return entry;
  const { path, rest } = parseInStore(store.storeDir, entry.source);
  return { ...entry, source: store.realPathOf(path) + rest };
}

function impureHostDeps({ settings, store }: BuildSite, { drvPath, options }: BuildJob): SandboxPath[] {
  return options.impureHostDeps.map((path) => {
    const allowed = settings.allowedImpureHostDeps.some(
      (prefix) => path === prefix || path.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`),
    );
    if (!allowed || path.split("/").includes(".."))
      throw new BuildFailure(
        "InputRejected",
        `derivation '${printStorePath(store.storeDir, drvPath)}' requested impure path '${path}', but it was not in allowed-impure-host-deps`,
      );
    return { source: path, target: path, optional: true };
  });
}

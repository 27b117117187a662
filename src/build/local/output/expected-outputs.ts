import { derivationType } from "#nix/derivation-type.ts";
import type { Realisation } from "#nix/realisation.ts";
import { parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import type { PathLocks } from "#store/local/lock/path-lock.ts";
import type { BuildJob, BuildSite } from "../build-site.ts";
import { planOutputs } from "./planned-output.ts";

/** Realisations of all outputs when all are valid. */
export async function knownOutputs(
  { store }: BuildSite,
  job: BuildJob,
): Promise<Map<string, Realisation> | undefined> {
  const found = new Map<string, Realisation>();
  const unknown: Realisation[] = [];
  for (const { name, path } of planOutputs(job, { storeDir: store.storeDir, taken: NONE })) {
    const id = { drvHash: job.drvHash, outputName: name };
    const realisation = path
      ? { id, outPath: path, signatures: [], dependentRealisations: new Map() }
      : derivationType(job.derivation) === "floating"
        ? await store.queryRealisation(id)
        : undefined;
    if (!realisation) return undefined;
    found.set(name, realisation);
    unknown.push(realisation);
  }
  const paths = unknown.map(({ outPath }) => outPath);
  const valid = await store.queryValidPaths(paths);
  return paths.every((path) => valid.has(path)) ? found : undefined;
}

/** Paths of outputs that are valid already. */
export async function takenPaths({ store }: BuildSite, job: BuildJob): Promise<Set<StorePath>> {
  const paths = planOutputs(job, { storeDir: store.storeDir, taken: NONE }).flatMap(({ path }) => path ?? []);
  return await store.queryValidPaths(paths);
}

/**
 * Keeps others from building the same. Of an output with a path, that path is locked; of one without, a name of its own,
 * as in Nix. While another builds it, a builder of something else may run in this one's place.
 */
export async function lockOutputs({ store }: BuildSite, job: BuildJob): Promise<PathLocks> {
  const planned = planOutputs(job, { storeDir: store.storeDir, taken: NONE });
  const paths = planned.map(({ path, name }) => path ?? parseStorePathBaseName(`${job.drvPath}.${name}`));
  const { signal } = job.request;
  for (;;) {
    const locks = await store.outputs.lock(paths, { wait: false, signal });
    if (locks) return locks;
    await job.permit.lendDuring(async () => (await store.outputs.lock(paths, { signal }))?.release());
  }
}

const NONE: ReadonlySet<StorePath> = new Set();

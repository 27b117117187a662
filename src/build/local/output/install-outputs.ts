import { lstatSync } from "node:fs";
import type { PathInfo } from "#nix/path-info.ts";
import type { Realisation } from "#nix/realisation.ts";
import { parseSecretKey } from "#nix/signature.ts";
import { signPathInfo } from "#nix/signature-fingerprint.ts";
import { renameCanonical } from "#store/local/canonicalise.ts";
import type { BuildJob, BuildSite } from "../build-site.ts";
import type { SettledOutput } from "./settle-output.ts";

interface Place {
  readonly site: BuildSite;
  readonly job: BuildJob;
}

/**
 * Moves outputs into the store and registers them, all or none; then the realisations of those whose path was
 * not known. Throws when one is not what was asked for; it is kept under the path that it makes.
 */
export async function installOutputs(
  { site, job }: Place,
  outputs: readonly SettledOutput[],
): Promise<Map<string, Realisation>> {
  await placeOutputs({ site, job }, outputs);
  const wrong = outputs.find(({ fault }) => fault);
  if (wrong?.fault) throw wrong.fault;
  return await registerRealisations(site, job, outputs);
}

async function placeOutputs({ site, job }: Place, outputs: readonly SettledOutput[]): Promise<void> {
  const { store } = site;
  const paths = outputs.map(({ info }) => info.path);
  await store.addTempRoots(paths);
  // Paths made from contents were not locked before the build.
  const floating = outputs.filter(
    ({ name, fault }) =>
      fault || !["input-addressed", "fixed"].includes(job.derivation.outputs.get(name)?.kind ?? ""),
  );
  using _locks = await store.outputs.lock(
    floating.map(({ info }) => info.path),
    { signal: job.request.signal },
  );
  const valid = await store.queryValidPaths(paths);
  const wanted = outputs.filter(({ info }) => job.request.mode === "repair" || !valid.has(info.path));
  for (const output of wanted) await moveIntoPlace(site, output);
  await store.outputs.register(wanted.map(({ info }) => signed(site, info)));
}

async function moveIntoPlace({ store }: BuildSite, { place, info }: SettledOutput): Promise<void> {
  const target = store.realPathOf(info.path);
  if (place === target) return;
  if (lstatSync(target, { throwIfNoEntry: false }))
    renameCanonical(target, await store.outputs.scratchPlace());
  renameCanonical(place, target);
}

function signed({ store, settings }: BuildSite, info: PathInfo): PathInfo {
  return settings.secretKeys.reduce(
    (each, key) => signPathInfo(store.storeDir, each, parseSecretKey(key)),
    info,
  );
}

async function registerRealisations(
  { store, settings }: BuildSite,
  job: BuildJob,
  outputs: readonly SettledOutput[],
): Promise<Map<string, Realisation>> {
  const realisations = new Map<string, Realisation>();
  for (const { name, info } of outputs) {
    const id = { drvHash: job.drvHash, outputName: name };
    const realisation = { id, outPath: info.path, signatures: [], dependentRealisations: new Map() };
    const kind = job.derivation.outputs.get(name)?.kind;
    const isWanted = kind === "floating" || (settings.recordsRealisations && kind !== "impure");
    if (isWanted) await store.registerRealisation(realisation);
    realisations.set(name, realisation);
  }
  return realisations;
}

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { hashEquals } from "#nix/hash.ts";
import type { Realisation } from "#nix/realisation.ts";
import { renameCanonical } from "#store/local/canonicalise.ts";
import { removeTree } from "#store/local/scratch.ts";
import { BuildFailure } from "../build-failure.ts";
import type { BuildJob, BuildSite } from "../build-site.ts";
import type { SettledOutput } from "./settle-output.ts";

/** The check of a second build: throws unless every output is what is valid in the store, bit for bit. */
export async function compareWithValid(
  { site, job, drv }: { site: BuildSite; job: BuildJob; drv: string },
  outputs: readonly SettledOutput[],
): Promise<Map<string, Realisation>> {
  const infos = await site.store.queryPathInfos(outputs.map(({ info }) => info.path));
  const realisations = new Map<string, Realisation>();
  for (const { name, info, place, fault } of outputs) {
    if (fault) throw fault;
    const valid = infos.get(info.path);
    if (!valid || !hashEquals(valid.narHash, info.narHash))
      throw await differs({ site, job, drv }, info.path, place);
    const id = { drvHash: job.drvHash, outputName: name };
    realisations.set(name, { id, outPath: info.path, signatures: [], dependentRealisations: new Map() });
  }
  return realisations;
}

async function differs(
  { site, job, drv }: { site: BuildSite; job: BuildJob; drv: string },
  path: SettledOutput["info"]["path"],
  place: string,
): Promise<BuildFailure> {
  const { store, settings } = site;
  const real = store.realPathOf(path);
  const says = `derivation '${drv}' may not be deterministic: output "${real}" differs`;
  if (!(job.request.settings.keepFailed ?? settings.keepFailed) && !settings.diffHook)
    return new BuildFailure("NotDeterministic", says);
  const kept = `${real}.check`;
  removeTree(kept);
  renameCanonical(place, kept);
  if (settings.diffHook) await runDiffHook(settings.diffHook, [real, kept, drv], job);
  return new BuildFailure("NotDeterministic", `${says} from "${kept}"`);
}

/** What the hook says is shown; whether it fails does not matter, since the difference is known. */
async function runDiffHook(hook: string, args: readonly string[], { request }: BuildJob): Promise<void> {
  const { stdout, stderr } = await promisify(execFile)(hook, [...args, "/"], {
    signal: request.signal,
  }).catch((error: { stdout?: string; stderr?: string }) => ({
    stdout: error.stdout ?? "",
    stderr: error.stderr ?? "",
  }));
  const text = `${stdout}${stderr}`.trim();
  if (text) request.log({ kind: "message", text });
}

import type { Semaphore } from "#base/semaphore.ts";
import type { BuildResult, KeyedBuildResult } from "#nix/build-result.ts";
import type { BasicDerivation, Derivation } from "#nix/derivation.ts";
import { realisationHash } from "#nix/derivation-hash.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import { derivationOptions } from "#nix/read-derivation-options.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { MissingPaths, RealiseOptions, Realiser } from "#store/realiser.ts";
import { failureResult } from "./build-failure.ts";
import { buildOne } from "./build-one.ts";
import type { BuildSite } from "./build-site.ts";
import { buildPaths } from "./graph/build-paths.ts";
import { queryMissing } from "./graph/query-missing.ts";

/**
 * Builds on this machine, into a local store. At most as many builders run at once as its own settings say, whoever asks for
 * them; as in Nix, who asks for many derivations together may ask for more at once.
 */
export class LocalRealiser implements Realiser {
  readonly #site: BuildSite;
  readonly #jobs: Semaphore;

  constructor(site: BuildSite, jobs: Semaphore) {
    this.#site = site;
    this.#jobs = jobs;
  }

  async buildDerivation(
    drvPath: StorePath,
    derivation: BasicDerivation,
    request: RealiseOptions,
  ): Promise<BuildResult> {
    try {
      // As in Nix: known for itself, whatever the derivation was that it was resolved from.
      const alone: Derivation = { ...derivation, inputDerivations: new Map() };
      const drvHash = realisationHash(this.#site.store.storeDir, alone, noInputs);
      const options = derivationOptions(this.#site.store.storeDir, derivation);
      using permit = await this.#jobs.acquire();
      return await buildOne(this.#site, { drvPath, derivation, options, drvHash, request, permit });
    } catch (error) {
      return failureResult(error);
    }
  }

  async buildPaths(paths: readonly DerivedPath[], request: RealiseOptions): Promise<KeyedBuildResult[]> {
    const { maxJobs = 0 } = request.settings;
    using _more = this.#jobs.widen(Math.max(0, maxJobs - Math.max(1, this.#site.settings.maxJobs)));
    const results = await buildPaths(this.#site, { paths, request, jobs: this.#jobs });
    await this.#site.trash.settled();
    return results;
  }

  async queryMissing(paths: readonly DerivedPath[]): Promise<MissingPaths> {
    return await queryMissing(this.#site, paths);
  }
}

function noInputs(path: StorePath): never {
  throw new Error(`${path} is no input of a derivation without input derivations`);
}

import type { BuildResult, KeyedBuildResult } from "#nix/build-result.ts";
import type { BasicDerivation } from "#nix/derivation.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { BuildLane } from "#store/build-lane.ts";
import type { LaneOptions, MissingPaths, RealiseOptions, Realiser } from "#store/realiser.ts";

/** A daemon that is chosen to build by itself, and would send builds on: to the same builders, past whoever chose. */
export class UndelegatedRealiser implements Realiser {
  readonly #inner: Realiser;

  constructor(inner: Realiser) {
    this.#inner = inner;
  }

  buildDerivation(
    drvPath: StorePath,
    derivation: BasicDerivation,
    options: RealiseOptions,
  ): Promise<BuildResult> {
    return this.#inner.buildDerivation(drvPath, derivation, undelegated(options));
  }

  buildPaths(paths: readonly DerivedPath[], options: RealiseOptions): Promise<KeyedBuildResult[]> {
    return this.#inner.buildPaths(paths, undelegated(options));
  }

  async keepsMemoryLimit(bytes: number): Promise<boolean> {
    return (await this.#inner.keepsMemoryLimit?.(bytes)) ?? true;
  }

  queryMissing(paths: readonly DerivedPath[]): Promise<MissingPaths> {
    return this.#inner.queryMissing(paths);
  }

  async openLane(options: LaneOptions): Promise<BuildLane | undefined> {
    return await this.#inner.openLane?.(undelegated(options));
  }
}

function undelegated<T extends LaneOptions>(options: T): T {
  return { ...options, settings: { ...options.settings, builders: "" } };
}

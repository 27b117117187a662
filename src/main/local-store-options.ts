import type { Settings } from "#nix/settings.ts";
import type { LocalStoreOptions } from "#store/local/settings.ts";
import type { SubstituterSurroundings } from "./open-substituters.ts";

/** What a store on this machine's disk goes by, from nix.conf. It closes the substituters that are opened for it. */
export async function localStoreOptions(
  settings: Settings,
  surroundings: SubstituterSurroundings,
): Promise<LocalStoreOptions> {
  const { openSubstituters } = await import("./open-substituters.ts");
  const substituters = await openSubstituters(settings, surroundings);
  return {
    ...plainOptions(settings),
    substituters,
    report: surroundings.report,
    onClose: async () => {
      await Promise.all(substituters.map((one) => one[Symbol.asyncDispose]()));
    },
  };
}

/** Those of them that are plain values. */
export function plainOptions(settings: Settings): LocalStoreOptions {
  return {
    requireSigs: settings["require-sigs"],
    trustedPublicKeys: settings["trusted-public-keys"],
    autoOptimise: settings["auto-optimise-store"],
    keepOutputs: settings["keep-outputs"],
    keepDerivations: settings["keep-derivations"],
    fsyncMetadata: settings["fsync-metadata"],
    fsyncStorePaths: settings["fsync-store-paths"],
    compressBuildLog: settings["compress-build-log"],
  };
}

import { readGivenFile } from "#build/input/given-file.ts";
import { openLocalRealiser as openRealiser } from "#build/local/open.ts";
import type { LocalBuildSettings } from "#build/local/settings.ts";
import type { Settings } from "#nix/settings.ts";
import type { LocalStore } from "#store/local/local-store.ts";
import type { Realiser } from "#store/realiser.ts";
import { readNetrc } from "./read-netrc.ts";

export interface RealiserSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly settings: Settings;
}

/** What builds on this machine, into a store on its disk, as nix.conf has it. */
export async function openLocalRealiser(
  store: LocalStore,
  { env, settings }: RealiserSurroundings,
): Promise<{ readonly realiser: Realiser } & AsyncDisposable> {
  return await openRealiser(store, {
    settings: buildSettings(settings, env),
    // Where the store's files lie elsewhere, only a sandbox can show them in their place: then Nix has one, too.
    sandbox:
      settings.sandbox === "false" && store.physicalStoreDir === store.storeDir ? "none" : "bubblewrap",
    sandboxFallback: settings["sandbox-fallback"],
    searchPath: env.PATH ?? "",
  });
}

function buildSettings(settings: Settings, env: NodeJS.ProcessEnv): LocalBuildSettings {
  const hasFeature = (name: string) => settings["experimental-features"].includes(name);
  return {
    system: settings.system,
    extraPlatforms: settings["extra-platforms"],
    systemFeatures: settings["system-features"],
    maxJobs: settings["max-jobs"],
    cores: settings.cores,
    timeoutS: settings.timeout,
    maxSilentTimeS: settings["max-silent-time"],
    maxLogSizeBytes: settings["max-build-log-size"],
    maxMemoryBytes: settings["max-build-memory"],
    keepFailed: settings["keep-failed"],
    fallback: settings.fallback,
    useSubstitutes: settings.substitute,
    sandboxPaths: settings["sandbox-paths"],
    sandboxBuildDir: settings["sandbox-build-dir"],
    buildDir: settings["build-dir"],
    filterSystemCalls: settings["filter-syscalls"],
    allowedImpureHostDeps: settings["allowed-impure-host-deps"],
    relaxed: settings.sandbox === "relaxed",
    secretKeys: settings["secret-key-files"].map((file) => readGivenFile(file).toString("utf8").trim()),
    hashedMirrors: settings["hashed-mirrors"],
    netrc: readNetrc(settings),
    certificates: settings["ssl-cert-file"] ?? env.NIX_SSL_CERT_FILE ?? env.SSL_CERT_FILE,
    impureEnvironment: hasFeature("configurable-impure-env") ? settings["impure-env"] : new Map(),
    environment: env,
    logLines: settings["log-lines"],
    postBuildHook: settings["post-build-hook"],
    recordsRealisations: hasFeature("ca-derivations"),
    diffHook: settings["run-diff-hook"] ? settings["diff-hook"] : undefined,
  };
}

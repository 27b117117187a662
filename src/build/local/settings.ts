/** How this machine builds. Names follow nix.conf's; `BuildSettings` of a request go before them. */
export interface LocalBuildSettings {
  readonly system: string;
  readonly extraPlatforms: readonly string[];
  readonly systemFeatures: readonly string[];
  /** Builds at once. */
  readonly maxJobs: number;
  /** `NIX_BUILD_CORES`; 0 means as many as the machine has. */
  readonly cores: number;
  /** 0 means no limit, here and in the next three. */
  readonly timeoutS: number;
  readonly maxSilentTimeS: number;
  readonly maxLogSizeBytes: number;
  readonly maxMemoryBytes: number;
  readonly keepFailed: boolean;
  readonly fallback: boolean;
  readonly useSubstitutes: boolean;
  /** Entries as in nix.conf: `/bin/sh=/path`, `/dev/fuse?`. */
  readonly sandboxPaths: readonly string[];
  /** Where the builder sees its build folder: `/build`. */
  readonly sandboxBuildDir: string;
  /** Folder of build folders; `builds` in the store's state folder when absent. */
  readonly buildDir: string | undefined;
  readonly filterSystemCalls: boolean;
  /** `allowed-impure-host-deps`: what `__impureHostDeps` may name, itself or below. */
  readonly allowedImpureHostDeps: readonly string[];
  /** Whether `__noChroot` is honoured: `sandbox = relaxed`. */
  readonly relaxed: boolean;
  /** Ed25519 secret keys, `name:base64`, that sign what is built. */
  readonly secretKeys: readonly string[];
  readonly hashedMirrors: readonly string[];
  /** Contents of the netrc file, for `builtin:fetchurl`. */
  readonly netrc: string;
  /** File of certificates shown to builds that may use the network. */
  readonly certificates: string | undefined;
  /** Where `impureEnvVars` are taken from first: `impure-env`. */
  readonly impureEnvironment: ReadonlyMap<string, string>;
  /** Where `impureEnvVars` are taken from else. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Last lines of a failed build's log that its error quotes. */
  readonly logLines: number;
  /** Program that is run with both versions of an output that a check found to differ. */
  readonly diffHook: string | undefined;
  /** Program that is run after each build; none when empty. */
  readonly postBuildHook: string;
  /** Whether realisations are kept of outputs whose paths derivations know, too: what Nix does with `ca-derivations` enabled. */
  readonly recordsRealisations: boolean;
}

export const DEFAULT_LOCAL_BUILD_SETTINGS: LocalBuildSettings = {
  system: `${process.arch === "arm64" ? "aarch64" : process.arch === "x64" ? "x86_64" : process.arch}-${process.platform}`,
  extraPlatforms: process.arch === "x64" && process.platform === "linux" ? ["i686-linux"] : [],
  systemFeatures: ["benchmark", "big-parallel", "ca-derivations", "nixos-test"],
  maxJobs: 1,
  cores: 0,
  timeoutS: 0,
  maxSilentTimeS: 0,
  maxLogSizeBytes: 0,
  maxMemoryBytes: 0,
  keepFailed: false,
  fallback: false,
  useSubstitutes: true,
  sandboxPaths: [],
  sandboxBuildDir: "/build",
  buildDir: undefined,
  filterSystemCalls: true,
  allowedImpureHostDeps: [],
  relaxed: false,
  secretKeys: [],
  hashedMirrors: [],
  netrc: "",
  certificates: undefined,
  impureEnvironment: new Map(),
  environment: {},
  logLines: 25,
  diffHook: undefined,
  postBuildHook: "",
  recordsRealisations: false,
};

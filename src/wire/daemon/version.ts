/** Major number of the worker protocol. */
export const DAEMON_MAJOR = 1;

/** The minor versions that we speak, as client and as server. Nix 2.34 begins with the same. */
export const DAEMON_MINOR_MIN = 18;
export const DAEMON_MINOR_MAX = 38;

/** Derivation outputs are named by the path of the derivation instead of its hash. Understood, not offered. */
export const REALISATION_WITH_PATH = "realisation-with-path-not-hash";

/** What we offer from 1.38 on. */
export const DAEMON_FEATURES: readonly string[] = [];

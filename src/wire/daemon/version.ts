/** Major number of the worker protocol. */
export const DAEMON_MAJOR = 1;

/** The minor versions that we speak, as client and as server. Nix 2.34 begins with the same. */
export const DAEMON_MINOR_MIN = 18;
export const DAEMON_MINOR_MAX = 38;

/**
 * Outputs are named by their derivation's path instead of its hash. Understood in build results; not
 * offered, since realisations of their own (`QueryRealisation`, `RegisterDrvOutput`) go by hash here.
 */
export const REALISATION_WITH_PATH = "realisation-with-path-not-hash";

/** Of our own, offered by the program as a whole: a build result tells the build's peak memory after its CPU time. */
export const BUILD_MEMORY_PEAK = "elsewhere-build-memory-peak";

/** The same: the status of a build result may be one that the wire protocol of Nix has no number for. */
export const BUILD_STATUS_ALL = "elsewhere-build-status-all";

/** The same: the server heeds a limit of memory in the settings of a connection. */
export const BUILD_MEMORY_LIMIT = "elsewhere-build-memory-limit";

/** What we offer from 1.38 on where nothing else is said. */
export const DAEMON_FEATURES: readonly string[] = [];

import { BUILD_MEMORY_LIMIT, BUILD_MEMORY_PEAK, BUILD_STATUS_ALL } from "#wire/daemon/version.ts";

/** Features of the worker protocol that this program offers, as client and as server. Nix takes of a list what it knows. */
export const OWN_FEATURES: readonly string[] = [BUILD_MEMORY_PEAK, BUILD_MEMORY_LIMIT, BUILD_STATUS_ALL];

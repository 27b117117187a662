/** Longest string a peer may send, in bytes: above any path, environment or log line that Nix produces. */
export const STRING_BYTES_MAX = 32 * 1024 * 1024;

/** Most items that a list or set may have: above the paths of any store. */
export const LIST_LENGTH_MAX = 8 * 1024 * 1024;

/** Most traces that an error may carry: above the depth of any evaluation. Each takes far more than it has bytes. */
export const TRACES_MAX = 64 * 1024;

/** Most entries that a map may have: above the variables of any derivation. Each takes far more than it has bytes. */
export const MAP_LENGTH_MAX = 512 * 1024;

/**
 * Largest message, in bytes: some 700,000 paths. Contents of paths do not count: they stream beside messages. As
 * values a message takes up to five times its size, and what a hostile peer sends must stay below 300 MB.
 */
export const MESSAGE_BYTES_MAX = 48 * 1024 * 1024;

/** Numbers are 64 bits on the wire; these are the ones that a JS number holds exactly. */
export const NUMBER_MAX = Number.MAX_SAFE_INTEGER;

/** Longest string a peer may send, in bytes: above any path, environment or log line that Nix produces. */
export const STRING_BYTES_MAX = 64 * 1024 * 1024;

/** Most items that a list, set or map may have: above the paths of any store. */
export const LIST_LENGTH_MAX = 8 * 1024 * 1024;

/** Largest message, in bytes. Contents of paths do not count: they stream beside messages. */
export const MESSAGE_BYTES_MAX = 256 * 1024 * 1024;

/** Numbers are 64 bits on the wire; these are the ones that a JS number holds exactly. */
export const NUMBER_MAX = Number.MAX_SAFE_INTEGER;

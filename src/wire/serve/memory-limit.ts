import { nameOf, parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";

/**
 * A question by which a client tells a server of the serve protocol how much memory each build of the connection may use, for
 * which its requests have no field: whether a path is valid that no store has. A server that keeps to the limit says yes;
 * every other answers, truly, no.
 */
export function memoryLimitPath(bytes: number): StorePath {
  return parseStorePathBaseName(`${HASH_PART}-${NAME}${Math.floor(bytes)}`);
}

/** The limit in bytes that a client means by a path; undefined for a path that is one. */
export function memoryLimitIn(path: StorePath): number | undefined {
  if (!path.startsWith(`${HASH_PART}-${NAME}`)) return undefined;
  const digits = nameOf(path).slice(NAME.length);
  const bytes = Number(digits);
  return /^[1-9]\d*$/.test(digits) && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Of nothing: no contents have it. */
const HASH_PART = "0".repeat(32);
const NAME = "elsewhere-max-build-memory-";

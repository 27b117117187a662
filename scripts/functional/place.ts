/**
 * Where a server stands in a test: `remote`, what `ssh://localhost` and `ssh-ng://localhost` in it start; `daemon`, the
 * daemon that the whole test is run through; `store`, behind `ssh-ng://localhost` as the store of the whole test, which
 * is asked for what Nix does itself beside a daemon.
 */
export const PLACES = ["remote", "daemon", "store"] as const;
export type Place = (typeof PLACES)[number];

/** Who stands there. */
export type Server = "nix" | "elsewhere";

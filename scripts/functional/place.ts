/** Where a server stands in a test: what `ssh://localhost` and `ssh-ng://localhost` start, or the daemon that the whole test is run through. */
export const PLACES = ["remote", "daemon"] as const;
export type Place = (typeof PLACES)[number];

/** Who stands there. */
export type Server = "nix" | "elsewhere";

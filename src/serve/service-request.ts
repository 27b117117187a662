/** What a server is to be, and for whom. */
export interface ServiceRequest {
  readonly door: Door;
  /** The store to serve; absent means the one that Nix's own settings name. */
  readonly store: string | undefined;
  /** Absent means by the client's user. */
  readonly trust: "trusted" | "untrusted" | undefined;
  /** Who builds: the store itself, or whichever machine of `builders` can. */
  readonly builds: "in-store" | "offloaded";
  /** Carry operations out here, also where the store is behind a daemon that could be spoken to directly. */
  readonly processOps: boolean;
  /** Settings of the command line, which go before those of nix.conf. */
  readonly overrides: readonly (readonly [name: string, value: string])[];
}

/** Where clients come in. */
export type Door =
  /** The worker protocol on standard input and output. */
  | { readonly kind: "stdio" }
  /** The serve protocol on standard input and output. */
  | { readonly kind: "serve"; readonly write: boolean }
  /** The worker protocol on a unix socket, for any number of clients; without a path where Nix's daemon listens. */
  | { readonly kind: "socket"; readonly path: string | undefined; readonly mode: number };

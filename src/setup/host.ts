/** How a program ended. */
export interface Ran {
  /** 127 where the program is not there. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** This machine, as setting up sees and changes it. */
export interface SetupHost {
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
  /** Whether systemd runs this machine. */
  readonly hasSystemd: boolean;
  readonly home: string;
  readonly hostName: string;
  /** Undefined where there is none. Throws where it may not be read. */
  readText(path: string): string | undefined;
  /** Why a file cannot be written here: it lies in a Nix store, or on a file system that is read only. */
  whyFixed(path: string): string | undefined;
  /** Writes whole or not at all; `mode` is for a file that is new. Folders that are missing are made for this user alone. */
  writeText(path: string, text: string, mode: number): void;
  remove(path: string): void;
  run(command: readonly [string, ...string[]], options?: RunOptions): Promise<Ran>;
  /** ssh, with what the person always adds to it (`NIX_SSHOPTS`). */
  readonly ssh: readonly [string, ...string[]];
  /** A folder of this user alone, which goes away with its owner. */
  makeFolder(): Disposable & { readonly path: string };
  /** A new ed25519 pair in OpenSSH's format. */
  makeKeyPair(comment: string): Promise<{ readonly secret: string; readonly public: string }>;
}

import type { Clock } from "#base/clock.ts";
import type { ConnectedSite } from "#build/engine/site/site.ts";
import type { Machine } from "#nix/machine.ts";
import type { Store } from "#store/store.ts";
import type { SshConfiguration } from "#transport/ssh-configuration.ts";
import type { SshSettings } from "#transport/ssh-settings.ts";

/** Everything outside that is looked at. Nothing here changes anything. */
export interface Outside {
  readonly platform: NodeJS.Platform;
  /** The user who looks. */
  readonly user: { readonly uid: number; readonly name: string };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly files: Files;
  readonly network: Network;
  /** A word that was never used before. */
  nonce(): string;
  /** Runs a program of this machine to its end. */
  run(command: readonly [string, ...string[]], options?: { timeoutMs?: number }): Promise<Ran>;
  /** The way to a machine, and what may be said over it. */
  route(machine: Machine): Promise<Route>;
  /** The store that outputs come home to. */
  openHome(): Promise<Store>;
}

export interface Files {
  /** Undefined where there is none. Throws where it may not be read. */
  readText(path: string): string | undefined;
  /** Undefined where there is nothing. */
  stat(path: string): FileFacts | undefined;
  /** Names in a folder; empty where there is none. */
  list(path: string): readonly string[];
  /** Room on the disk that holds a path, or its nearest folder that is there. */
  room(path: string): Room | undefined;
}

export interface FileFacts {
  readonly kind: "file" | "folder" | "socket" | "other";
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
}

export interface Room {
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Undefined where the file system does not count them. */
  readonly freeInodes: number | undefined;
}

export interface Ran {
  /** `NOT_STARTED` where the program is not there. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The status of a program that never ran. */
export const NOT_STARTED = -1;

export interface Network {
  /** Whether there is any but loopback. */
  readonly isThere: boolean;
  /** Addresses of a name; empty where it is not known. */
  resolve(host: string): Promise<readonly string[]>;
  dial(host: string, port: number): Promise<Dialled>;
  /** The status of a GET and the text, or why there is none. */
  fetch(
    url: string,
  ): Promise<{ readonly status: number; readonly text: string } | { readonly fault: string }>;
}

/** How it went to connect to a port. Times in ms. */
export type Dialled =
  /** `greeting` is the first line that came, within a short time. */
  | { readonly kind: "open"; readonly greeting: string | undefined; readonly tookMs: number }
  | { readonly kind: "refused" | "timeout" | "unreachable"; readonly message: string };

/** The way to one builder. */
export interface Route extends AsyncDisposable {
  /** Undefined where no ssh is involved: this machine, a socket. */
  readonly ssh: SshRoute | undefined;
  /** What is started there. */
  readonly command: readonly string[];
  /** Greets the builder by its protocol. Throws where it does not answer as it should. */
  connect(): Promise<ConnectedSite>;
}

export interface SshRoute {
  readonly settings: SshSettings;
  /** What ssh makes of these settings. Throws a `TransportError` where it cannot read them. */
  configuration(): Promise<SshConfiguration>;
  /** Logs in, runs a command, and returns what it printed. Asks nothing of anybody. Throws a `TransportError`. */
  run(command: readonly string[]): Promise<RanThere>;
  /** The keys that the host shows, as lines `type base64`. */
  scanHostKeys(): Promise<readonly string[]>;
}

export interface RanThere {
  readonly stdout: string;
  readonly stderr: string;
  /** What ended it, where it did not end well. */
  readonly error: Error | undefined;
}

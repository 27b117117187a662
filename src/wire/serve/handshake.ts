import type { StoreDir } from "#nix/store-path.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { encodeToBuffer, type WireContext } from "../codec/codec.ts";
import type { Dialogue } from "../codec/dialogue.ts";
import { magic } from "../codec/magic.ts";
import { u64 } from "../codec/primitives.ts";
import { minorOf, packVersion } from "../codec/protocol-version.ts";
import { struct } from "../codec/struct.ts";
import { SERVE_MAJOR, SERVE_MINOR_MAX } from "./version.ts";

export interface ServeOptions {
  readonly storeDir: StoreDir;
  /** The newest minor version to speak. */
  readonly minor?: number;
}

/** The client's side of `nix-store --serve`. */
export function* greetServe({ storeDir, minor = SERVE_MINOR_MAX }: ServeOptions): Dialogue<WireContext> {
  yield serveClientHello(minor);
  const { version } = yield* serverHello.decode(BEFORE);
  return agree(storeDir, Math.min(minor, minorOf(version, SERVE_MAJOR, "server")));
}

/** What a client says first. */
export function serveClientHello(minor = SERVE_MINOR_MAX): Buffer {
  return encodeToBuffer(clientHello, { version: packVersion(SERVE_MAJOR, minor) }, BEFORE);
}

/** What a server says first is its magic number and its version: so many bytes. */
export const SERVE_SERVER_HELLO_BYTES = 16;

/** The server's side. */
export function* welcomeServe({ storeDir, minor = SERVE_MINOR_MAX }: ServeOptions): Dialogue<WireContext> {
  yield* clientMagic.decode(BEFORE);
  yield encodeToBuffer(serverHello, { version: packVersion(SERVE_MAJOR, minor) }, BEFORE);
  const version = yield* u64.decode(BEFORE);
  return agree(storeDir, Math.min(minor, minorOf(version, SERVE_MAJOR, "client")));
}

function agree(storeDir: StoreDir, version: number): WireContext {
  return { version, features: NO_FEATURES, storeDir };
}

const NO_FEATURES: ReadonlySet<string> = new Set();

/** Nothing is agreed yet, and nothing that is said here depends on it. */
const BEFORE: WireContext = agree(DEFAULT_STORE_DIR, 0);

const clientMagic = magic("client", 0x390c9deb);
const clientHello = struct({ magic: clientMagic, version: u64 });
const serverHello = struct({ magic: magic("server", 0x5452eecb), version: u64 });

import type { Decoding } from "#base/decoding.ts";
import { ElsewhereError } from "#base/errors.ts";
import type { LogSink } from "#nix/log-event.ts";
import { DEFAULT_STORE_DIR, type StoreDir } from "#nix/store-path.ts";
import { type Codec, encodeToBuffer, type WireContext } from "../codec/codec.ts";
import { set } from "../codec/collections.ts";
import { enumeration, filler, since } from "../codec/derive.ts";
import type { Dialogue } from "../codec/dialogue.ts";
import { magic } from "../codec/magic.ts";
import { optional } from "../codec/optional.ts";
import { text, u64 } from "../codec/primitives.ts";
import { minorOf, packVersion } from "../codec/protocol-version.ts";
import { struct } from "../codec/struct.ts";
import { RemoteError } from "./remote-error.ts";
import { serverFrame } from "./stderr.ts";
import { DAEMON_FEATURES, DAEMON_MAJOR, DAEMON_MINOR_MAX, DAEMON_MINOR_MIN } from "./version.ts";

/** What the two sides of a connection have agreed on. */
export interface DaemonConnection extends WireContext {
  /** The server's own version, such as `2.26.3`; unknown before 1.33. */
  readonly nixVersion: string | undefined;
  /** Whether the server trusts the client; unknown before 1.35, and where the server does not say. */
  readonly trusted: boolean | undefined;
}

export interface DaemonClientOptions {
  readonly storeDir: StoreDir;
  /** The newest minor version to speak. */
  readonly minor?: number;
  readonly features?: readonly string[];
  /** Told what the server says before it is ready. */
  readonly log?: LogSink;
}

export interface DaemonServerOptions extends Omit<DaemonClientOptions, "log"> {
  readonly nixVersion: string;
  readonly trusted: boolean | undefined;
}

/** The client's side. Ends when the server is ready for the first operation. */
export function* greetDaemon(options: DaemonClientOptions): Dialogue<DaemonConnection> {
  const { minor = DAEMON_MINOR_MAX, features = DAEMON_FEATURES, log = () => undefined } = options;
  yield encodeToBuffer(clientHello, { version: packVersion(DAEMON_MAJOR, minor) }, BEFORE);
  const hello = yield* serverHello.decode(BEFORE);
  const version = agreedMinor(minor, hello.version, "server");
  const agreed = { version, features: NO_FEATURES, storeDir: options.storeDir };
  yield encodeToBuffer(clientSetup, { features }, agreed);
  const theirs = yield* featureList.decode(agreed);
  const ctx = { ...agreed, features: commonFeatures(features, theirs) };
  const welcome = yield* serverWelcome.decode(ctx);
  yield* untilLast(ctx, log);
  return { ...ctx, ...welcome };
}

/** The server's side. Ends when the client may send its first operation. */
export function* welcomeClient(options: DaemonServerOptions): Dialogue<DaemonConnection> {
  const { minor = DAEMON_MINOR_MAX, features = DAEMON_FEATURES, nixVersion, trusted } = options;
  yield* clientMagic.decode(BEFORE);
  yield encodeToBuffer(serverHello, { version: packVersion(DAEMON_MAJOR, minor) }, BEFORE);
  const version = agreedMinor(minor, yield* u64.decode(BEFORE), "client");
  const agreed = { version, features: NO_FEATURES, storeDir: options.storeDir };
  const theirs = yield* featureList.decode(agreed);
  if (!featureList.isEmpty(agreed)) yield encodeToBuffer(featureList, features, agreed);
  const ctx = { ...agreed, features: commonFeatures(features, theirs) };
  yield* obsoleteSetup.decode(ctx);
  yield encodeToBuffer(serverReady, { welcome: { nixVersion, trusted }, last: { kind: "last" } }, ctx);
  return { ...ctx, nixVersion, trusted };
}

const NO_FEATURES: ReadonlySet<string> = new Set();

/** Nothing is agreed yet, and nothing that is said here depends on it. */
const BEFORE: WireContext = { version: 0, features: NO_FEATURES, storeDir: DEFAULT_STORE_DIR };

const clientMagic = magic("client", 0x6e697863);
const clientHello = struct({ magic: clientMagic, version: u64 });
const serverHello = struct({ magic: magic("server", 0x6478696f), version: u64 });

/** Each side's offer, the client's first. */
const featureList: Codec<readonly string[]> = since(38, set(text), []);

/** A processor to run on, and whether to keep room for the database: ignored since long. */
const obsoleteFields = {
  affinity: filler(since(14, optional(u64), undefined), undefined),
  reserveSpace: filler(since(11, u64, 0), 0),
};
const obsoleteSetup = struct(obsoleteFields);
const clientSetup = struct({ features: featureList, ...obsoleteFields });

/** Undefined where the server does not say. */
export const trust: Codec<boolean | undefined> = enumeration("trust", [undefined, true, false]);

/** What the server says of itself. */
export const serverWelcome = struct({
  nixVersion: since<string | undefined>(33, text as Codec<string | undefined>, undefined),
  trusted: since(35, trust, undefined),
});
const serverReady = struct({ welcome: serverWelcome, last: serverFrame });

function* untilLast(ctx: WireContext, log: LogSink): Decoding<void> {
  for (;;) {
    const frame = yield* serverFrame.decode(ctx);
    if (frame.kind === "last") return;
    if (frame.kind === "error") throw new RemoteError(frame.failure);
    if (frame.kind === "log") log(frame.event);
  }
}

function commonFeatures(ours: readonly string[], theirs: readonly string[]): ReadonlySet<string> {
  return new Set(theirs.filter((feature) => ours.includes(feature)));
}

function agreedMinor(ours: number, packed: number, peer: "client" | "server"): number {
  const theirs = minorOf(packed, DAEMON_MAJOR, peer);
  if (theirs < DAEMON_MINOR_MIN)
    throw new ElsewhereError(
      "PROTOCOL_VERSION",
      `Cannot talk to the ${peer}: the Nix ${peer} version is too old: it speaks protocol 1.${theirs}`,
      { hint: `Protocol 1.${DAEMON_MINOR_MIN} (Nix 2.0) is the oldest that works; upgrade the ${peer}` },
    );
  return Math.min(ours, theirs);
}

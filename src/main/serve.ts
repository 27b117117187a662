import type { Socket } from "node:net";
import { systemClock } from "#base/clock.ts";
import { messageOf } from "#base/errors.ts";
import type { LogEvent } from "#nix/log-event.ts";
import { RESULT } from "#nix/log-event.ts";
import { parseStoreReference, type StoreReference } from "#nix/store-reference.ts";
import { ClientConnection } from "#serve/client-connection.ts";
import { serveDaemon } from "#serve/daemon/session.ts";
import { forward } from "#serve/forward.ts";
import { KnownUsers } from "#serve/known-users.ts";
import { inheritedSocket, type ListeningPlace, listen } from "#serve/listener.ts";
import { isReadByAnyone } from "#serve/output-reader.ts";
import { serveCommands } from "#serve/serve/session.ts";
import type { Door, ServiceRequest } from "#serve/service-request.ts";
import { peerUid } from "#serve/socket-peer.ts";
import { isTrustedUser } from "#serve/trusted-user.ts";
import { namesUser } from "#serve/trusted-users.ts";
import { makeUserFolders } from "#store/local/user-folders.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import { openStdio } from "#transport/stdio.ts";
import { streamOfSocket } from "#transport/unix-socket.ts";
import { doorSocketPath, realStore } from "./daemon-door.ts";
import { loadSettings } from "./load-settings.ts";
import type { SharedOffload } from "./offload.ts";
import { OWN_FEATURES } from "./own-features.ts";
import { daemonSocketPath, type OpenedStore, openServedStore, upstreamSocket } from "./serve-store.ts";
import { stateDir } from "./state-dir.ts";
import { readVersion } from "./version.ts";

type Environment = NodeJS.ProcessEnv;

/** Serves until the clients have gone or `signal` aborts; the exit code. */
export async function serve(
  request: ServiceRequest,
  { env, signal }: { env: Environment; signal: AbortSignal },
): Promise<number> {
  const server = new Server(request, env, signal);
  return request.door.kind === "socket"
    ? await server.onSocket(request.door)
    : await server.onStdio(request.door);
}

class Server {
  readonly #request: ServiceRequest;
  readonly #env: Environment;
  readonly #signal: AbortSignal;
  readonly #settings;
  readonly #users = new KnownUsers(systemClock);
  readonly #reference: StoreReference;

  constructor(request: ServiceRequest, env: Environment, signal: AbortSignal) {
    this.#request = request;
    this.#env = env;
    this.#signal = signal;
    this.#settings = loadSettings({ env, overrides: request.overrides }).settings;
    const usual = request.builds === "offloaded" ? realStore(env) : env.NIX_REMOTE || this.#settings.store;
    this.#reference = parseStoreReference(request.store || usual);
  }

  async onStdio(door: Door & { kind: "stdio" | "serve" }): Promise<number> {
    // A command ends when nobody reads its output; a server still has builds to stop and folders to remove.
    process.stdout.removeAllListeners("error");
    await using stream = openStdio();
    const upstream = door.kind === "stdio" ? await this.#upstream() : undefined;
    if (upstream) {
      await using joined = upstream;
      await forward(stream, joined);
      return 0;
    }
    await using opened = await this.#open();
    const trusted = await this.#isTrusted(process.getuid?.() ?? 0, opened.stateDir);
    await using client = new ClientConnection(stream, { stillListens: async () => isReadByAnyone(STDOUT) });
    using _ = this.#dropWhenAborted(client);
    if (door.kind === "stdio")
      await serveDaemon(client, { served: opened, trusted, nixVersion: NIX_VERSION, features: OWN_FEATURES });
    else await serveCommands(client, { served: opened, trusted, mayWrite: door.write, log: toStandardError });
    return 0;
  }

  async onSocket({ path, mode }: Door & { kind: "socket" }): Promise<number> {
    const inherited = inheritedSocket(this.#env, process.pid);
    const place: ListeningPlace =
      path === undefined && inherited !== undefined
        ? { kind: "inherited", fd: inherited }
        : { kind: "path", path: path ?? this.#usualSocket(), mode };
    await using offloading = await this.#openOffloading();
    await listen(place, (socket) => this.#serveSocket(socket, offloading), this.#signal);
    return 0;
  }

  #usualSocket(): string {
    return this.#request.builds === "offloaded" ? doorSocketPath(this.#env) : daemonSocketPath(this.#env);
  }

  /** One client of many: what goes wrong with it is told, and ends nothing else. */
  async #serveSocket(socket: Socket, offloading: SharedOffload | undefined): Promise<void> {
    try {
      const uid = await this.#peerOf(socket);
      const name = uid === undefined ? undefined : (await this.#users.lookUp(uid)).name;
      const principal = uid === undefined ? undefined : (name ?? `uid ${uid}`);
      await using opened = await this.#open(offloading, principal);
      if (uid !== undefined && name !== undefined && opened.stateDir !== undefined)
        makeUserFolders(opened.stateDir, { uid, name });
      // As with Nix's daemon: who owns the store is trusted on standard input, where he might as well write its files.
      const trusted = uid === undefined ? this.#trustOfUnknown() : await this.#isTrusted(uid);
      const stream = streamOfSocket(socket, uid === undefined ? "a client" : `a client of user ${uid}`);
      await using client = new ClientConnection(stream);
      using _ = this.#dropWhenAborted(client);
      await serveDaemon(client, { served: opened, trusted, nixVersion: NIX_VERSION, features: OWN_FEATURES });
    } catch (error) {
      process.stderr.write(`elsewhere: ${messageOf(error)}\n`);
    }
  }

  /** The user of a client that may connect at all. Nobody is looked up where the answer changes nothing. */
  async #peerOf(socket: Socket): Promise<number | undefined> {
    const { "allowed-users": allowed, "trusted-users": trusted } = this.#settings;
    const isDecided = this.#request.trust !== undefined || trusted.includes("*");
    if (isDecided && allowed.includes("*")) return undefined;
    const uid = await peerUid(socket);
    const user = uid === undefined ? undefined : await this.#users.lookUp(uid);
    if (uid !== 0 && !namesUser(allowed, user) && !namesUser(trusted, user))
      throw new Error(`user '${user?.name ?? "unknown"}' is not allowed to connect to the Nix daemon`);
    return uid;
  }

  #trustOfUnknown(): boolean {
    if (this.#request.trust !== undefined) return this.#request.trust === "trusted";
    return this.#settings["trusted-users"].includes("*");
  }

  async #isTrusted(uid: number, stateDir?: string): Promise<boolean> {
    if (this.#request.trust !== undefined) return this.#request.trust === "trusted";
    return await isTrustedUser({ uid, trustedUsers: this.#settings["trusted-users"], stateDir });
  }

  /** What all clients share whose builds are sent away. */
  async #openOffloading(): Promise<SharedOffload | undefined> {
    if (this.#request.builds === "in-store") return undefined;
    const { SharedOffload } = await import("./offload.ts");
    return new SharedOffload(stateDir(this.#env), this.#env);
  }

  async #open(offloading?: SharedOffload, principal?: string): Promise<OpenedStore> {
    const [env, { overrides }] = [this.#env, this.#request];
    return await openServedStore(this.#reference, {
      env,
      settings: this.#settings,
      offloading,
      principal,
      report: (text) => void process.stderr.write(`warning: ${text}\n`),
      settingsWith: (changed) => loadSettings({ env, overrides: [...overrides, ...changed] }).settings,
    });
  }

  /** The daemon that this server would only pass everything on to. It decides by itself whom it trusts. */
  async #upstream(): Promise<ByteStream | undefined> {
    if (this.#request.processOps || this.#request.trust === "untrusted") return undefined;
    return await upstreamSocket(this.#reference, this.#env);
  }

  #dropWhenAborted(client: ClientConnection): Disposable {
    const drop = () => void client.drop();
    this.#signal.addEventListener("abort", drop, { once: true });
    return { [Symbol.dispose]: () => this.#signal.removeEventListener("abort", drop) };
  }
}

/** What the serve protocol has no words for: logs, for the client's user to read. */
function toStandardError(event: LogEvent): void {
  if (event.kind === "message")
    process.stderr.write(event.text.endsWith("\n") ? event.text : `${event.text}\n`);
  if (event.kind === "result" && event.type === RESULT.buildLogLine)
    process.stderr.write(`${event.fields[0]}\n`);
}

const NIX_VERSION = `Elsewhere ${readVersion()}`;
const STDOUT = 1;

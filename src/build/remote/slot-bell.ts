import { chmodSync, rmSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Deferred } from "#base/deferred.ts";

export interface BellOptions {
  readonly folder: string;
  /** Of this process; names its socket. */
  readonly name: string;
  /** Another process rang. */
  readonly onRing: () => void;
  /** The process behind a socket is no more, or has nothing more to say. */
  readonly onGone: (socket: string) => void;
}

/** A socket by which processes of one user tell each other that something has changed, and notice each other's end. */
export interface Bell extends AsyncDisposable {
  /** Where others find this process. */
  readonly socket: string;
  /** Tells all that are connected. */
  ring(): void;
  /** Connects to another process; from then on each hears the other. */
  hear(socket: string): void;
}

export async function openBell(options: BellOptions): Promise<Bell> {
  const bell = new SocketBell(options);
  await bell.listen();
  return bell;
}

class SocketBell implements Bell {
  readonly socket: string;
  readonly #options: BellOptions;
  readonly #server: Server;
  readonly #peers = new Set<Socket>();
  #isClosed = false;

  constructor(options: BellOptions) {
    this.#options = options;
    this.socket = placeFor(options);
    this.#server = createServer((peer) => this.#admit(peer));
  }

  async listen(): Promise<void> {
    const listening = new Deferred<void>();
    this.#server.once("error", listening.reject);
    this.#server.listen({ path: this.socket }, () => listening.resolve());
    await listening.promise;
    chmodSync(this.socket, 0o600);
    // It must not keep the process.
    this.#server.unref();
  }

  ring(): void {
    for (const peer of this.#peers) peer.write(RING);
  }

  hear(socket: string): void {
    const peer = createConnection({ path: socket });
    this.#join(peer, () => socket);
    peer.write(`${this.socket}\n`);
    peer.on("data", () => this.#options.onRing());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const peer of this.#peers) peer.destroySoon();
    this.#server.close();
    rmSync(this.socket, { force: true });
  }

  /** One that connected says first where it is found itself. */
  #admit(peer: Socket): void {
    let said = "";
    this.#join(peer, () => (said.includes("\n") ? said.slice(0, said.indexOf("\n")) : undefined));
    peer.setEncoding("utf8");
    peer.on("data", (text: string) => {
      if (!said.includes("\n")) said += text;
      if (said.length > GREETING_CHARS_MAX) peer.destroy();
      this.#options.onRing();
    });
  }

  #join(peer: Socket, socketOf: () => string | undefined): void {
    this.#peers.add(peer);
    peer.unref();
    peer.on("error", () => peer.destroy());
    peer.once("close", () => {
      this.#peers.delete(peer);
      const socket = socketOf();
      if (socket === undefined || this.#isClosed) return;
      rmSync(socket, { force: true });
      this.#options.onGone(socket);
    });
  }
}

/** A socket's address has room for about a hundred bytes. */
function placeFor({ folder, name }: BellOptions): string {
  const place = join(folder, `${name}.sock`);
  return Buffer.byteLength(place) <= ADDRESS_BYTES_MAX ? place : join(tmpdir(), `${name}.sock`);
}

const ADDRESS_BYTES_MAX = 100;
const GREETING_CHARS_MAX = 4096;
const RING = "\n";

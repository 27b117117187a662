import { chmodSync, rmSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { type RunStatus, statusShape } from "./run-status.ts";

/** Where a run can be asked how far it is, and, by a line of any words, to stop. That it is open says that the run is alive. */
export class RunDoor {
  readonly #server: Server;
  readonly #path: string;
  readonly #watchers = new Set<Socket>();
  #status = NOTHING_YET;
  #timer: NodeJS.Timeout | undefined;

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
  }

  static async open(path: string, stop: () => void): Promise<RunDoor> {
    rmSync(path, { force: true });
    const server = createServer();
    const door = new RunDoor(server, path);
    server.on("connection", (socket) => door.#welcome(socket, stop));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
    chmodSync(path, 0o600);
    // A run ends by itself, whoever still watches.
    server.unref();
    return door;
  }

  /** Tells those who wait: at once, and then no more often than they can read. */
  tell(status: RunStatus): void {
    this.#status = status;
    if (this.#watchers.size === 0 || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      for (const socket of this.#watchers) this.#send(socket);
    }, TELL_EVERY_MS).unref();
  }

  async close(): Promise<void> {
    this.#server.ref();
    clearTimeout(this.#timer);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#watchers) socket.destroy();
    await closed;
    rmSync(this.#path, { force: true });
  }

  #welcome(socket: Socket, stop: () => void): void {
    socket.unref();
    this.#watchers.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#watchers.delete(socket));
    socket.on("data", (data) => {
      for (let asked = data.toString().split("\n").length - 1; asked > 0; asked--) stop();
    });
    this.#send(socket);
  }

  #send(socket: Socket): void {
    if (socket.writableLength < BACKLOG_BYTES_MAX) socket.write(`${JSON.stringify(this.#status)}\n`);
  }
}

/** The other side of the door. */
export interface RunWatch {
  /** How far the run is, now and whenever that changes, until it ends. What comes while nobody reads is left out. */
  readonly status: AsyncIterable<RunStatus>;
  stop(): void;
  /** Resolves when the run has ended. */
  readonly ended: Promise<void>;
  leave(): void;
}

/** Knocks; undefined when nobody answers: the run has ended. */
export async function watchRun(path: string): Promise<RunWatch | undefined> {
  const socket = createConnection({ path });
  const isThere = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  });
  if (!isThere) return undefined;
  socket.on("error", () => undefined);
  const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return {
    status: latestOf(socket),
    stop: () => void socket.write(STOP),
    ended,
    leave: () => socket.destroy(),
  };
}

/** The newest line of a socket, each time that there is one. It is read in any case, since only who reads sees the end. */
function latestOf(socket: Socket): AsyncIterable<RunStatus> {
  let latest: string | undefined;
  let isOver = false;
  let wake = (): void => undefined;
  createInterface({ input: socket }).on("line", (line) => {
    latest = line;
    wake();
  });
  socket.once("close", () => {
    isOver = true;
    wake();
  });
  return {
    async *[Symbol.asyncIterator]() {
      for (;;) {
        if (latest !== undefined) {
          const line = latest;
          latest = undefined;
          yield statusShape(JSON.parse(line), "status");
        } else if (isOver) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
  };
}

const STOP = "stop\n";
const NOTHING_YET: RunStatus = { planned: 0, ended: 0, failed: 0, running: [] };
const TELL_EVERY_MS = 250;
const BACKLOG_BYTES_MAX = 1024 * 1024;

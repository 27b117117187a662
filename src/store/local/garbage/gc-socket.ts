import { closeSync, constants, lstatSync, mkdirSync, openSync, rmSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { basename, dirname } from "node:path";
import { Deferred } from "#base/deferred.ts";
import { ElsewhereError } from "#base/errors.ts";

/**
 * While a collector runs it listens here: a process that wants a path kept writes the path and a newline,
 * and the collector answers `1` once the path is safe (or gone). Source: Nix, `gc-non-blocking`.
 */
export function gcSocketPath(stateDir: string): string {
  return `${stateDir}/gc-socket/socket`;
}

/** Whether a socket is there on which nobody has refused us yet. */
export function collectorMayListen(stateDir: string): boolean {
  const identity = identityOf(gcSocketPath(stateDir));
  return identity !== undefined && !deadSockets.has(identity);
}

/**
 * Tells a running collector of new temporary roots. Returns at once when none listens. A collector reads the
 * temporary root files after it began to listen, so a caller who wrote its file first is safe either way.
 */
export async function tellCollector(stateDir: string, printedPaths: readonly string[]): Promise<void> {
  const done = new Deferred<void>();
  const identity = identityOf(gcSocketPath(stateDir));
  using address = addressOf(gcSocketPath(stateDir));
  const socket = createConnection(address.path);
  let answers = 0;
  socket.on("connect", () => socket.write(printedPaths.map((path) => `${path}\n`).join("")));
  socket.on("data", (chunk) => {
    answers += chunk.length;
    if (answers >= printedPaths.length) socket.end();
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "ECONNREFUSED" && identity !== undefined) deadSockets.add(identity);
    if (error.code !== undefined && COLLECTOR_GONE.has(error.code)) done.resolve();
    else
      done.reject(
        new ElsewhereError("GC_SOCKET", "Cannot tell the garbage collector of a new root", { cause: error }),
      );
  });
  // A collector that hung up has ended: the next one reads the file.
  socket.on("close", () => done.resolve());
  await done.promise;
}

/** Serves the socket for one collection. `keep` is called for each line before it is answered. */
export async function listenForRoots(
  stateDir: string,
  keep: (printedPath: string) => void,
): Promise<AsyncDisposable> {
  const place = gcSocketPath(stateDir);
  mkdirSync(dirname(place), { recursive: true });
  rmSync(place, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    answerLines(socket, keep);
  });
  const listening = new Deferred<void>();
  server.on("error", listening.reject);
  const address = addressOf(place);
  server.listen({ path: address.path, readableAll: true, writableAll: true }, () => listening.resolve());
  await listening.promise;
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      address[Symbol.dispose]();
    },
  };
}

/** Nobody can listen again on a socket that once refused: a new collector makes a new one. */
const deadSockets = new Set<string>();

function identityOf(place: string): string | undefined {
  const stats = lstatSync(place, { throwIfNoEntry: false, bigint: true });
  return stats && `${stats.dev}:${stats.ino}:${stats.ctimeNs}`;
}

/** A socket's address has room for about a hundred bytes: a longer path is reached by its open folder. */
function addressOf(place: string): { readonly path: string } & Disposable {
  if (Buffer.byteLength(place) <= ADDRESS_BYTES_MAX)
    return { path: place, [Symbol.dispose]: () => undefined };
  const folder = openFolder(dirname(place));
  if (folder === undefined) return { path: NOWHERE, [Symbol.dispose]: () => undefined };
  return { path: `/proc/self/fd/${folder}/${basename(place)}`, [Symbol.dispose]: () => closeSync(folder) };
}

function openFolder(folder: string): number | undefined {
  try {
    return openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function answerLines(socket: Socket, keep: (printedPath: string) => void): void {
  let pending = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    const lines = (pending + chunk).split("\n");
    pending = lines.pop()!;
    if (pending.length > LINE_CHARS_MAX) return socket.destroy();
    for (const line of lines) keep(line);
    socket.write("1".repeat(lines.length));
  });
}

const COLLECTOR_GONE = new Set(["ENOENT", "ECONNREFUSED", "EPIPE", "ECONNRESET", "ENOTSOCK"]);
/** Longest line that the collector takes: a store path and a generous store directory. */
const LINE_CHARS_MAX = 8192;
/** Less than any system's `sun_path` takes, with its NUL. */
const ADDRESS_BYTES_MAX = 100;
/** Nobody can listen here. */
const NOWHERE = "/proc/self/fd/none/socket";

import { lstatSync, mkdirSync, rmSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { dirname } from "node:path";
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
  const socket = createConnection(gcSocketPath(stateDir));
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
  server.listen({ path: place, readableAll: true, writableAll: true }, () => listening.resolve());
  await listening.promise;
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Nobody can listen again on a socket that once refused: a new collector makes a new one. */
const deadSockets = new Set<string>();

function identityOf(place: string): string | undefined {
  const stats = lstatSync(place, { throwIfNoEntry: false, bigint: true });
  return stats && `${stats.dev}:${stats.ino}:${stats.ctimeNs}`;
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

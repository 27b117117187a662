import { chmodSync, rmSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { ElsewhereError, messageOf } from "#base/errors.ts";
import { makeFolder } from "#store/local/make-folder.ts";

/** Where a daemon listens: a path of its own, or a socket that systemd has opened for it. */
export type ListeningPlace =
  | { readonly kind: "path"; readonly path: string; readonly mode: number }
  | { readonly kind: "inherited"; readonly fd: number };

/** Hands every client that connects to `serve`, until `signal` aborts; then waits for those that are there. */
export async function listen(
  place: ListeningPlace,
  serve: (socket: Socket) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const sessions = new Set<Promise<void>>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const session = serve(socket).finally(() => {
      socket.destroySoon();
      sessions.delete(session);
    });
    sessions.add(session);
  });
  await open(server, place);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  server.close();
  await Promise.all(sessions);
}

async function open(server: Server, place: ListeningPlace): Promise<void> {
  if (place.kind === "inherited") return await listening(server, { fd: place.fd });
  makeFolder(dirname(place.path));
  await clearStale(place.path);
  await listening(server, { path: place.path });
  chmodSync(place.path, place.mode);
}

function listening(server: Server, options: { fd: number } | { path: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    const where = "path" in options ? `'${options.path}'` : "the socket that systemd gave";
    server.once("error", (error) =>
      reject(
        new ElsewhereError("LISTEN", `Cannot listen on ${where}: ${messageOf(error)}`, { cause: error }),
      ),
    );
    server.listen(options, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

/** A socket that nobody listens on was left by a server that died. */
async function clearStale(path: string): Promise<void> {
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = createConnection({ path });
    probe.once("connect", () => resolve(true));
    probe.once("error", () => resolve(false));
    probe.unref();
  });
  if (isAlive)
    throw new ElsewhereError("LISTEN", `Cannot listen on '${path}': another server listens there already`);
  rmSync(path, { force: true });
}

/** The sockets that systemd has opened for this process, from descriptor 3 on. Source: sd_listen_fds(3). */
export function inheritedSocket(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): number | undefined {
  const count = Number(environment.LISTEN_FDS ?? "0");
  const isForUs = environment.LISTEN_PID === undefined || Number(environment.LISTEN_PID) === pid;
  return count >= 1 && isForUs ? FIRST_INHERITED_FD : undefined;
}

const FIRST_INHERITED_FD = 3;

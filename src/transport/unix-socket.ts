import { createConnection, type Socket } from "node:net";
import { messageOf } from "#base/errors.ts";
import type { ByteStream } from "./byte-stream.ts";
import { NodeByteStream } from "./node-stream.ts";
import { SocketSource } from "./socket-source.ts";
import { type TransportCode, TransportError } from "./transport-error.ts";

/** Connects to a daemon's socket. `peer` names it in errors. */
export async function connectUnixSocket(path: string, peer = `unix://${path}`): Promise<ByteStream> {
  const source = new SocketSource();
  const socket = createConnection({ path, onread: source.onread });
  source.attach(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", (error) => reject(connectError(path, error)));
  });
  return streamOfSocket(socket, peer, source);
}

/** The byte stream of a socket that is connected: a client's, or one that a server accepted. */
export function streamOfSocket(socket: Socket, peer: string, source?: SocketSource): ByteStream {
  const stream = new NodeByteStream({
    peer,
    input: socket,
    source,
    output: socket,
    close: () => {
      socket.destroy();
    },
  });
  let fault: Error | undefined;
  socket.on("error", (error) => {
    fault = new TransportError("TRANSPORT_LOST", `Lost the connection to ${peer}: ${messageOf(error)}`, {
      cause: error,
    });
  });
  socket.once("close", () => stream.settle(fault));
  return stream;
}

function connectError(path: string, error: NodeJS.ErrnoException): TransportError {
  const [code, why, hint] = CONNECT_FAULTS[error.code ?? ""] ?? ["TRANSPORT_LOST", error.message, undefined];
  return new TransportError(code, `Cannot connect to the daemon socket '${path}': ${why}`, {
    cause: error,
    ...(hint && { hint }),
  });
}

const CONNECT_FAULTS: Record<string, readonly [TransportCode, string, string?]> = {
  ENOENT: [
    "TRANSPORT_REFUSED",
    "there is no such socket",
    "Start the daemon, or name its socket: unix://PATH",
  ],
  ECONNREFUSED: ["TRANSPORT_REFUSED", "nothing listens on it", "Start the daemon"],
  EACCES: ["TRANSPORT_AUTH", "permission denied", "Ask for access to the socket's folder"],
  ENOTSOCK: ["TRANSPORT_CONFIG", "it is no socket"],
};

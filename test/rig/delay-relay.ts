import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

/**
 * A line that is slow to cross: what it carries arrives half the added round trip later, in order, and as
 * much at a time as comes. As a program it is an ssh ProxyCommand: `node delay-relay.ts HOST PORT ROUND_TRIP_MS`.
 */
export function delay(from: Readable, to: Writable, delayMs: number): void {
  let onTheWay = 0;
  from.on("data", (chunk: Buffer) => {
    onTheWay += chunk.length;
    if (onTheWay > ON_THE_WAY_MAX) from.pause();
    setTimeout(() => {
      to.write(chunk);
      onTheWay -= chunk.length;
      if (onTheWay <= ON_THE_WAY_MAX) from.resume();
    }, delayMs);
  });
  from.on("end", () => setTimeout(() => to.end(), delayMs));
}

/** The `ProxyCommand` line of an ssh_config that adds `roundTripMs` to a way to loopback. */
export function delayingProxy(port: number, roundTripMs: number): string {
  return `ProxyCommand ${process.execPath} ${fileURLToPath(import.meta.url)} 127.0.0.1 ${port} ${roundTripMs}`;
}

/** What may be on the line at once, in bytes: more than a fast line holds at such a distance. */
const ON_THE_WAY_MAX = 16 * 1024 * 1024;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { createConnection } = await import("node:net");
  const [host, port, roundTripMs] = process.argv.slice(2);
  const socket = createConnection({ host: host!, port: Number(port), noDelay: true });
  socket.on("error", () => process.exit(1));
  process.stdout.on("error", () => process.exit(0));
  delay(process.stdin, socket, Number(roundTripMs) / 2);
  delay(socket, process.stdout, Number(roundTripMs) / 2);
  socket.on("close", () => setTimeout(() => process.exit(0), Number(roundTripMs)));
}

import { createConnection, createServer, type Server, type Socket } from "node:net";

/** A way to a port on loopback that counts what passes, both ways, and that can be cut. */
export class ByteMeter implements AsyncDisposable {
  bytes = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async to(port: number): Promise<ByteMeter> {
    const server = createServer();
    const meter = new ByteMeter(server);
    server.on("connection", (near) => meter.#pass(near, createConnection({ host: "127.0.0.1", port })));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return meter;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(near: Socket, far: Socket): void {
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on("data", (chunk) => {
        this.bytes += chunk.length;
      });
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}

import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Lease, PooledConnection } from "../connection-pool.ts";
import { type NarConnection, narOf } from "../nar-stream.ts";
import type { IncomingPath, NarOptions } from "../store.ts";
import { FlowWindow } from "./flow-window.ts";

/** How a protocol is asked for NARs. */
export interface NarRequests<Connection> extends NarOptions {
  readonly lease: () => Promise<Lease<Connection>>;
  /** Sends the request for one NAR and waits for nothing. */
  readonly ask: (connection: Connection, path: StorePath) => void;
  /** Reads what the protocol answers ahead of the NAR. */
  readonly begin?: (connection: Connection) => Promise<unknown>;
}

/** A connection on which NARs are asked for ahead, and which can be given up in the midst of them. */
interface NarsConnection extends NarConnection, PooledConnection {
  abandon(): void;
}

/** Many NARs: the server is asked for the next ones while one is read. */
export async function* requestNars<Connection extends NarsConnection>(
  infos: readonly PathInfo[],
  { lease, ask, begin, ...options }: NarRequests<Connection>,
): AsyncGenerator<IncomingPath> {
  await using held = await lease();
  const { connection } = held;
  const window = new FlowWindow();
  let sent = 0;
  let taken = 0;
  try {
    for (const info of infos) {
      for (; sent < infos.length && !window.isFull; sent++) {
        const { path, narSize } = infos[sent]!;
        window.sent(narSize || UNKNOWN_NAR_BYTES);
        ask(connection, path);
      }
      await begin?.(connection);
      yield { info, nar: narOf(connection, info.narSize, options) };
      taken++;
      window.answered();
    }
  } finally {
    if (sent > taken) connection.abandon();
  }
}

/** What a NAR of unknown size is taken to have. */
const UNKNOWN_NAR_BYTES = 64 * 1024;

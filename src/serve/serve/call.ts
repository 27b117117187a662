import type { ByteReader, ByteSource } from "#base/byte-reader.ts";
import type { LogSink } from "#nix/log-event.ts";
import type { ValueOf, WireContext } from "#wire/codec/codec.ts";
import type { commands } from "#wire/serve/commands.ts";
import type { ClientRights } from "../client-rights.ts";
import type { ServableStore, ServedStore } from "../served-store.ts";

type Commands = typeof commands;
export type CommandKey = keyof Commands;

/** One command that a client of the serve protocol gives, with all that carrying it out needs. */
export interface Call<Request> {
  readonly request: Request;
  /** The connection, at what follows the request. */
  readonly reader: ByteReader;
  readonly store: ServableStore;
  readonly served: ServedStore;
  readonly ctx: WireContext;
  readonly rights: ClientRights;
  /** Whether the server was started with `--write`. */
  readonly mayWrite: boolean;
  /** What the client said of all builds of its connection; it may say something else later. */
  readonly said: { maxMemoryBytes?: number };
  readonly log: LogSink;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
  /** Contents to send after the reply. */
  replyBody: ByteSource | undefined;
}

/** Who carries out each command, and returns its reply. */
export type Handlers = {
  readonly [Key in CommandKey]: (
    call: Call<ValueOf<Commands[Key]["request"]>>,
  ) => Promise<ValueOf<Commands[Key]["reply"]>>;
};

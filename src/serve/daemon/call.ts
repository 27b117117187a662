import type { ByteSource } from "#base/byte-reader.ts";
import type { ValueOf } from "#wire/codec/codec.ts";
import type { DaemonConnection } from "#wire/daemon/handshake.ts";
import type { OperationKey, operations } from "#wire/daemon/operations.ts";
import type { ClientRights } from "../client-rights.ts";
import type { ServableStore, ServedStore } from "../served-store.ts";
import type { ConnectionSettings } from "./connection-settings.ts";
import type { Reporter } from "./reporter.ts";

type Operations = typeof operations;

/** One operation that a client asks for, with all that carrying it out needs. */
export interface Call<Request> {
  readonly request: Request;
  /** The contents that came with it. What a handler leaves is read and dropped. */
  readonly body: ByteSource;
  readonly store: ServableStore;
  readonly served: ServedStore;
  readonly ctx: DaemonConnection;
  readonly rights: ClientRights;
  /** What the client has set for its connection; `setOptions` changes it. */
  readonly settings: ConnectionSettings;
  readonly reporter: Reporter;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
  /** Contents to send after the reply. */
  replyBody: ByteSource | undefined;
}

/** Carries out one operation and returns its reply. */
type Handler<Key extends OperationKey> = (
  call: Call<ValueOf<Operations[Key]["request"]>>,
) => Promise<ValueOf<Operations[Key]["reply"]>>;

/** Handlers of some operations. */
export type Handlers<Keys extends OperationKey = OperationKey> = { readonly [Key in Keys]: Handler<Key> };

import { ElsewhereError } from "#base/errors.ts";
import type { LogSink } from "#nix/log-event.ts";
import { hold } from "#wire/codec/dialogue.ts";
import { u64 } from "#wire/codec/primitives.ts";
import type { Command } from "#wire/serve/command.ts";
import { commandsByCode } from "#wire/serve/commands.ts";
import { welcomeServe } from "#wire/serve/handshake.ts";
import type { ClientConnection } from "../client-connection.ts";
import { ClientRights } from "../client-rights.ts";
import type { ServedStore } from "../served-store.ts";
import type { Call } from "./call.ts";
import { handlersByCode } from "./handlers.ts";

export interface ServeSessionOptions {
  readonly served: ServedStore;
  readonly trusted: boolean;
  /** Whether paths may be added and built. */
  readonly mayWrite: boolean;
  /** Takes what builds and stores say: the client reads it on standard error. */
  readonly log: LogSink;
  /** The newest minor version to speak. */
  readonly minor?: number;
}

/**
 * Speaks the serve protocol with one client until it has gone. An error ends it: the protocol has no words for
 * one, so the caller says it on standard error.
 */
export async function serveCommands(client: ClientConnection, options: ServeSessionOptions): Promise<void> {
  const { served, ...told } = options;
  const greeting = welcomeServe({ storeDir: served.store.storeDir, ...told });
  const ctx = await hold(greeting, client.reader, async (bytes) => {
    client.writer.raw(bytes);
    await client.writer.flush();
  });
  const kept = { ctx, said: {}, rights: new ClientRights(options.trusted) };
  while (!(await client.reader.atEnd())) await serveOne(client, kept, options);
}

async function serveOne(
  client: ClientConnection,
  { ctx, said, rights }: Pick<Call<unknown>, "ctx" | "said" | "rights">,
  options: ServeSessionOptions,
): Promise<void> {
  const code = await client.reader.read(u64.decode(ctx));
  const command = commandsByCode.get(code);
  if (!command) throw new ElsewhereError("PROTOCOL", `unknown serve command ${code}`);
  checkAllowed(command, options);
  const { served, mayWrite, log } = options;
  const call = {
    request: await client.reader.read(command.request.decode(ctx)),
    reader: client.reader,
    store: served.store,
    served,
    ctx,
    rights,
    mayWrite,
    said,
    log,
    signal: client.hungUp,
    replyBody: undefined,
  };
  const reply = await handlersByCode.get(code)!(call);
  client.writer.write(command.reply, reply, ctx);
  if (call.replyBody) await client.writer.send(call.replyBody);
  if (client.writer.backlog > REPLY_BACKLOG_BYTES_MAX) await client.writer.flush();
}

function checkAllowed(command: Command<unknown, unknown>, { mayWrite }: ServeSessionOptions): void {
  if (!command.writes || mayWrite) return;
  const what = command.requestBody ? "importing" : "building";
  throw new ElsewhereError("READ_ONLY", `${what} paths is not allowed`, {
    hint: "The server was started without --write",
  });
}

/** A client that asks without listening is kept waiting when so many bytes of answers wait for it. */
const REPLY_BACKLOG_BYTES_MAX = 1024 * 1024;

import type { Buffer } from "node:buffer";
import { ElsewhereError } from "#base/errors.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import type { WireContext } from "#wire/codec/codec.ts";
import { u64 } from "#wire/codec/primitives.ts";
import type { Command } from "#wire/serve/command.ts";
import { commandsByCode } from "#wire/serve/commands.ts";
import { exportNext, exportTrailer } from "#wire/serve/export-stream.ts";
import { greetServe, welcomeServe } from "#wire/serve/handshake.ts";
import { assertSameBytes, holdWith, Tape } from "./tape.ts";
import type { Transcript } from "./transcripts.ts";

/** One command as it was recorded. */
export interface RecordedCommand {
  readonly command: Command<unknown, unknown>;
  readonly request: unknown;
  /** What followed the request, as it was sent. */
  readonly requestBody: Buffer;
  /** Undefined where the server closed instead. */
  readonly reply: unknown;
  readonly replyBody: Buffer;
}

export interface ServeRecording {
  readonly ctx: WireContext;
  readonly commands: readonly RecordedCommand[];
  /** What neither side's decoding has taken. */
  readonly restOfClient: Buffer;
  readonly restOfServer: Buffer;
}

/** Decodes a recorded connection, every byte of both sides, and holds each message to write the same bytes. */
export function decodeServeRecording({ fromClient, fromServer, canonical }: Transcript): ServeRecording {
  const tapes = { client: new Tape(fromClient), server: new Tape(fromServer), canonical };
  const ctx = greet(tapes);
  const commands: RecordedCommand[] = [];
  while (!tapes.client.isAtEnd) commands.push(oneCommand(tapes, ctx));
  return {
    ctx,
    commands,
    restOfClient: fromClient.subarray(tapes.client.position),
    restOfServer: fromServer.subarray(tapes.server.position),
  };
}

interface Tapes {
  readonly client: Tape;
  readonly server: Tape;
  /** Whether the client was a real one. */
  readonly canonical: boolean;
}

/** Both our sides of the handshake send what was recorded. */
function greet({ client, server }: Tapes): WireContext {
  const asClient = holdWith(
    greetServe({ storeDir: DEFAULT_STORE_DIR, minor: client.bytes.readUInt8(8) }),
    server,
  );
  assertSameBytes(asClient.sent, client.bytes.subarray(0, asClient.sent.length));
  const asServer = holdWith(
    welcomeServe({ storeDir: DEFAULT_STORE_DIR, minor: server.bytes.readUInt8(8) }),
    client,
  );
  assertSameBytes(asServer.sent, server.bytes.subarray(0, server.position));
  return asClient.agreed;
}

function oneCommand({ client, server, canonical }: Tapes, ctx: WireContext): RecordedCommand {
  const code = client.message(u64, ctx);
  const command = commandsByCode.get(code);
  if (!command) throw new ElsewhereError("MALFORMED", `Command ${code} is not known`);
  const request = client.message(command.request, ctx, { canonical });
  const requestBody = takeBody(client, command.requestBody, ctx);
  const reply = server.isAtEnd ? undefined : server.message(command.reply, ctx);
  const replyBody = takeBody(server, server.isAtEnd ? undefined : command.replyBody, ctx);
  return { command, request, requestBody, reply, replyBody };
}

function takeBody(tape: Tape, body: "nar" | "export" | undefined, ctx: WireContext): Buffer {
  const start = tape.position;
  if (body === "nar") tape.nar();
  if (body === "export")
    while (tape.message(exportNext, ctx)) {
      tape.nar();
      tape.message(exportTrailer, ctx);
    }
  return tape.bytes.subarray(start, tape.position);
}

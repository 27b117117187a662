import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { ElsewhereError } from "#base/errors.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import type { WireContext } from "#wire/codec/codec.ts";
import { u64 } from "#wire/codec/primitives.ts";
import { multipleCount } from "#wire/daemon/add-operations.ts";
import { FRAMES_END, frameHeader } from "#wire/daemon/frames.ts";
import { type DaemonConnection, greetDaemon, welcomeClient } from "#wire/daemon/handshake.ts";
import type { Operation } from "#wire/daemon/operation.ts";
import { operationsByCode } from "#wire/daemon/operations.ts";
import { type ServerFrame, serverFrame } from "#wire/daemon/stderr.ts";
import { streamedPathInfo } from "#wire/values/path-info.ts";
import { assertSameBytes, holdWith, Tape } from "./tape.ts";
import type { Transcript } from "./transcripts.ts";

/** One operation as it was recorded. */
export interface RecordedOperation {
  readonly operation: Operation<unknown, unknown>;
  readonly request: unknown;
  /** What its frames held. */
  readonly body: Buffer | undefined;
  readonly frames: readonly ServerFrame[];
  /** Undefined after an error, and where the server vanished. */
  readonly reply: unknown;
  readonly nar: Buffer | undefined;
}

export interface DaemonRecording {
  readonly connection: DaemonConnection;
  readonly operations: readonly RecordedOperation[];
  /** What neither side's decoding has taken. */
  readonly restOfClient: Buffer;
  readonly restOfServer: Buffer;
}

/** Decodes a recorded connection, every byte of both sides, and holds each message to write the same bytes. */
export function decodeDaemonRecording({ fromClient, fromServer, canonical }: Transcript): DaemonRecording {
  const tapes = { client: new Tape(fromClient), server: new Tape(fromServer), canonical };
  const connection = greet(tapes);
  const operations: RecordedOperation[] = [];
  while (!tapes.client.isAtEnd && !tapes.server.isAtEnd) operations.push(oneOperation(tapes, connection));
  return {
    connection,
    operations,
    restOfClient: fromClient.subarray(tapes.client.position),
    restOfServer: fromServer.subarray(tapes.server.position),
  };
}

interface Tapes {
  /** Whether the client was a real one. */
  readonly canonical: boolean;
  readonly client: Tape;
  readonly server: Tape;
}

/** Both our sides of the handshake send what was recorded. */
function greet({ client, server }: Tapes): DaemonConnection {
  const theirs = client.bytes.readUInt8(8);
  const asClient = holdWith(greetDaemon({ storeDir: DEFAULT_STORE_DIR, minor: theirs }), server);
  assertSameBytes(asClient.sent, client.bytes.subarray(0, asClient.sent.length));
  const asServer = holdWith(
    welcomeClient({
      storeDir: DEFAULT_STORE_DIR,
      minor: server.bytes.readUInt8(8),
      nixVersion: asClient.agreed.nixVersion ?? "",
      trusted: asClient.agreed.trusted,
    }),
    client,
  );
  assertSameBytes(asServer.sent, server.bytes.subarray(0, server.position));
  assert.equal(asServer.agreed.version, asClient.agreed.version);
  return asClient.agreed;
}

function oneOperation({ client, server, canonical }: Tapes, ctx: WireContext): RecordedOperation {
  const code = client.message(u64, ctx);
  const operation = operationsByCode.get(code);
  if (!operation) throw new ElsewhereError("MALFORMED", `Operation ${code} is not known`);
  const request = client.message(operation.request, ctx, { canonical });
  const body = operation.requestBody(ctx) === "frames" ? takeFrames(client, ctx) : undefined;
  if (body && canonical && operation.name === "AddMultipleToStore") checkMultiple(body, ctx);
  const frames = takeServerFrames(server, ctx);
  const done = frames.at(-1)?.kind === "last";
  const reply = done ? server.message(operation.reply, ctx) : undefined;
  const nar = done && operation.replyBody === "nar" ? server.nar() : undefined;
  return { operation, request, body, frames, reply, nar };
}

function takeServerFrames(server: Tape, ctx: WireContext): ServerFrame[] {
  const frames: ServerFrame[] = [];
  while (!server.isAtEnd) {
    const frame = server.message(serverFrame, ctx);
    frames.push(frame);
    if (frame.kind === "last" || frame.kind === "error") break;
  }
  return frames;
}

function takeFrames(client: Tape, ctx: WireContext): Buffer {
  const start = client.position;
  const pieces: Buffer[] = [];
  for (;;) {
    const length = client.read(u64.decode(ctx));
    if (length === 0) break;
    pieces.push(client.take(length));
  }
  const written = [...pieces.flatMap((piece) => [frameHeader(piece.length), piece]), FRAMES_END];
  assertSameBytes(Buffer.concat(written), client.bytes.subarray(start, client.position));
  return Buffer.concat(pieces);
}

function checkMultiple(body: Buffer, ctx: WireContext): void {
  const tape = new Tape(body);
  const count = tape.message(multipleCount, ctx);
  for (let index = 0; index < count; index++) {
    const info = tape.message(streamedPathInfo, ctx);
    const nar = tape.nar();
    assert.equal(nar.length, info.narSize);
  }
  assert.ok(tape.isAtEnd, "bytes follow the last path");
}

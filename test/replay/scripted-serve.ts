import { Buffer } from "node:buffer";
import { isDeepStrictEqual } from "node:util";
import type { ByteReader } from "#base/byte-reader.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { DEFAULT_STORE_DIR, type StorePath } from "#nix/store-path.ts";
import { decodeServeRecording, type RecordedCommand } from "#rig/serve-recording.ts";
import type { Transcript } from "#rig/transcripts.ts";
import { narOf } from "#store/nar-stream.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import { encodeToBuffer, type WireContext } from "#wire/codec/codec.ts";
import { hold } from "#wire/codec/dialogue.ts";
import { u64 } from "#wire/codec/primitives.ts";
import type { ServeBuildOptions } from "#wire/serve/build-options.ts";
import { commands, commandsByCode } from "#wire/serve/commands.ts";
import { welcomeServe } from "#wire/serve/handshake.ts";
import { bytesOf } from "../store/local/local-rig.ts";
import { playedStream } from "./played-stream.ts";

/** A `nix-store --serve` that knows nothing but what was recorded. What nobody asked ends the connection. */
export class ScriptedServe {
  readonly commands: readonly RecordedCommand[];
  readonly #minor: number;
  readonly #asked: Asked[] = [];

  constructor(recorded: readonly Transcript[]) {
    this.commands = recorded.flatMap((one) => decodeServeRecording(one).commands);
    this.#minor = recorded[0]!.fromServer.readUInt8(8);
  }

  connect(): ByteStream {
    return playedStream((said, answer) => this.#serve(said, answer));
  }

  /** Whether a client has asked this, with the same body. */
  wasAsked(recorded: RecordedCommand): boolean {
    return this.#asked.some((asked) => isSame(recorded, asked));
  }

  async #serve(said: ByteReader, answer: (bytes: Uint8Array) => void): Promise<void> {
    const ctx = await hold(welcomeServe({ storeDir: DEFAULT_STORE_DIR, minor: this.#minor }), said, answer);
    while (!(await said.atEnd())) {
      const command = commandsByCode.get(await said.read(u64.decode(ctx)))!;
      const request = await said.read(command.request.decode(ctx));
      const requestBody = command.requestBody === "nar" ? await narFrom(said) : NOTHING;
      answer(this.#answer({ command, request, requestBody }, ctx));
    }
  }

  #answer(asked: Asked, ctx: WireContext): Buffer {
    this.#asked.push(asked);
    const known = this.commands.find((recorded) => isSame(recorded, asked)) ?? this.#gathered(asked);
    if (!known) throw new Error(`Nobody asked ${asked.command.name} of ${JSON.stringify(asked.request)}`);
    return Buffer.concat([encodeToBuffer(asked.command.reply, known.reply, ctx), known.replyBody]);
  }

  /** What was recorded of each path, where no recorded client asked of them all at once. */
  #gathered({ command, request }: Asked): Pick<RecordedCommand, "reply" | "replyBody"> | undefined {
    if (command !== commands.queryPathInfos && command !== commands.queryValidPaths) return undefined;
    const { paths } = request as { paths: readonly StorePath[] };
    const infos = paths.flatMap((path) => this.#infosOf(path));
    if (infos.length < paths.length) return undefined;
    return { reply: command === commands.queryPathInfos ? infos : paths, replyBody: NOTHING };
  }

  #infosOf(path: StorePath): readonly PathInfo[] {
    const about = { command: commands.queryPathInfos, request: { paths: [path] }, requestBody: NOTHING };
    const found = this.commands.find((recorded) => isSame(recorded, about as Asked));
    return (found?.reply ?? []) as readonly PathInfo[];
  }
}

type Asked = Pick<RecordedCommand, "command" | "request" | "requestBody">;

function isSame(recorded: RecordedCommand, asked: Asked): boolean {
  return (
    recorded.command === asked.command &&
    isDeepStrictEqual(meaningOf(recorded.request), meaningOf(asked.request)) &&
    recorded.requestBody.equals(asked.requestBody)
  );
}

/** What a request asks for, in the order of clients that sort what they send. */
function meaningOf(request: unknown): unknown {
  const { options, paths, ...rest } = (request ?? {}) as { options?: ServeBuildOptions; paths?: unknown[] };
  return { ...rest, options: options && limitsIn(options), paths: paths?.toSorted() };
}

/** Whether repeated builds must agree says nothing where none is repeated: old clients say yes, and new ones no. */
function limitsIn(options: ServeBuildOptions): ServeBuildOptions {
  return options.repeats > 0 ? options : { ...options, enforceDeterminism: false };
}

/** The NAR that a client sends next. */
export async function narFrom(said: ByteReader): Promise<Buffer> {
  const sizeUnknown = 0;
  return await bytesOf(
    narOf({ nar: (count) => said.chunks(count), read: (decoding) => said.read(decoding) }, sizeUnknown),
  );
}

const NOTHING = Buffer.alloc(0);

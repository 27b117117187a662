import { ElsewhereError } from "#base/errors.ts";
import { arriving, type PathInfo } from "#nix/path-info.ts";
import type { StoreDir } from "#nix/store-path.ts";
import { parseStoreReference } from "#nix/store-reference.ts";
import { DaemonConnection } from "#store/daemon/connection.ts";
import { ServeConnection } from "#store/serve/connection.ts";
import type { CommandHost } from "#transport/ssh-host.ts";
import { ByteWriter } from "#wire/codec/byte-writer.ts";
import { multipleCount } from "#wire/daemon/add-operations.ts";
import { frameHeader } from "#wire/daemon/frames.ts";
import { operations } from "#wire/daemon/operations.ts";
import { commands } from "#wire/serve/commands.ts";
import { SERVE_SERVER_HELLO_BYTES, serveClientHello } from "#wire/serve/handshake.ts";
import { streamedPathInfo } from "#wire/values/path-info.ts";
import { DictatedStream } from "./dictated-stream.ts";
import { dictationCommand } from "./dictation-command.ts";
import type { StockSender } from "./sender.ts";
import type { SendingLine } from "./sending-line.ts";

export interface DictationOptions {
  readonly sender: StockSender;
  readonly storeDir: StoreDir;
  /** The receiving store, as the builder would name it. */
  readonly to: string;
}

/**
 * A line from a stock builder to another store, whatever its Nix is: we speak the other store's protocol through a shell there,
 * and the contents, which do not pass us, are put in by its own `nix-store --serve`. Throws when the other store is not reached.
 */
export async function openDictation(
  host: CommandHost,
  { sender, storeDir, to }: DictationOptions,
): Promise<SendingLine> {
  const reference = parseStoreReference(to);
  const peer = `${reference.scheme}://${reference.authority}`;
  const session = await host.openSession(dictationCommand(sender, reference), { peer });
  const stream = new DictatedStream(session, peer);
  const own = new OwnStore(stream, storeDir);
  if (reference.scheme === "ssh-ng")
    return new DaemonDictation(await DaemonConnection.open(stream, { storeDir }), own);
  return new ServeDictation(await ServeConnection.open(async () => stream, { storeDir }), own);
}

/** The builder's own store, as far as it is asked for contents. */
class OwnStore {
  readonly #stream: DictatedStream;
  readonly #storeDir: StoreDir;

  constructor(stream: DictatedStream, storeDir: StoreDir) {
    this.#stream = stream;
    this.#storeDir = storeDir;
    stream.ask(serveClientHello(SERVE_MINOR));
    stream.drop(SERVE_SERVER_HELLO_BYTES);
  }

  /** Has a path's NAR put into what is said. What it returns resolves when more may be told. */
  putNar({ path, narSize }: PathInfo): Promise<void> | void {
    if (narSize <= 0 || narSize > DICTATED_BYTES_MAX)
      throw new ElsewhereError("PUSH_FAILED", `Cannot have a NAR of ${narSize} bytes sent by dictation`);
    const out = new ByteWriter();
    out.u64(commands.dumpStorePath.code);
    commands.dumpStorePath.request.encode({ path }, out, {
      version: SERVE_MINOR,
      features: new Set(),
      storeDir: this.#storeDir,
    });
    for (const chunk of out.takeChunks()) this.#stream.ask(chunk);
    return this.#stream.put(narSize);
  }

  /** Says something in the midst of what a connection says. */
  say(bytes: Uint8Array): void {
    void this.#stream.write(bytes);
  }
}

/** To a daemon: all paths in one request, each NAR a frame. */
class DaemonDictation implements SendingLine {
  readonly #connection: DaemonConnection;
  readonly #own: OwnStore;

  constructor(connection: DaemonConnection, own: OwnStore) {
    this.#connection = connection;
    this.#own = own;
  }

  get isUsable(): boolean {
    return this.#connection.isUsable;
  }

  async send(infos: readonly PathInfo[]): Promise<void> {
    const { agreed } = this.#connection;
    const request = { repair: false, dontCheckSignatures: true };
    await this.#connection.upload(operations.addMultipleToStore, request, {
      body: async (frames, stop) => {
        multipleCount.encode(infos.length, frames.out, agreed);
        for (const info of infos) {
          if (stop.aborted) return;
          streamedPathInfo.encode(arriving(info), frames.out, agreed);
          await frames.cut();
          this.#own.say(frameHeader(info.narSize));
          await this.#own.putNar(info);
        }
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }
}

/** To `nix-store --serve`: a request a path, and the answers after the last. */
class ServeDictation implements SendingLine {
  readonly #connection: ServeConnection;
  readonly #own: OwnStore;

  constructor(connection: ServeConnection, own: OwnStore) {
    this.#connection = connection;
    this.#own = own;
  }

  get isUsable(): boolean {
    return this.#connection.isUsable;
  }

  async send(infos: readonly PathInfo[]): Promise<void> {
    for (const info of infos) {
      this.#connection.send(commands.addToStoreNar, { info: arriving(info) });
      this.#connection.flush();
      await this.#own.putNar(info);
    }
    for (const { path } of infos)
      if (!(await this.#connection.answer(commands.addToStoreNar)))
        throw new ElsewhereError("PUSH_FAILED", `The other store did not add '${path}'`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }
}

/** A daemon holds a frame in memory, and so does the sender. */
export const DICTATED_BYTES_MAX = 16 << 20;
/** All that is asked of the builder's own store is in every version. */
const SERVE_MINOR = 5;

import { Buffer } from "node:buffer";
import type { ByteSource } from "#base/byte-reader.ts";
import type { Decoding } from "#base/decoding.ts";
import type { StoreDir } from "#nix/store-path.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import type { WireContext } from "#wire/codec/codec.ts";
import type { Command } from "#wire/serve/command.ts";
import { greetServe } from "#wire/serve/handshake.ts";
import { Peer } from "../peer.ts";
import type { NarOptions } from "../store.ts";

/** Opens a stream whose peer's standard error goes to `onStderr`: build logs come that way. */
export type ServeConnect = (onStderr: (chunk: Uint8Array) => void) => Promise<ByteStream>;

/**
 * A connection to `nix-store --serve`. Commands may be sent before earlier ones are answered; the server
 * answers in order. What it refuses ends the connection, with its words on standard error.
 */
export class ServeConnection implements AsyncDisposable {
  readonly agreed: WireContext;
  /** Told what the server writes to its standard error. */
  onStderr: ((chunk: Uint8Array) => void) | undefined;
  /** How much memory the server was told that a build may use, in bytes. */
  memoryLimitBytes: number | undefined;
  readonly #peer: Peer;

  private constructor(peer: Peer, agreed: WireContext) {
    this.#peer = peer;
    this.agreed = agreed;
  }

  /** `minor` is the newest version to speak. */
  static async open(
    connect: ServeConnect,
    greeting: { readonly storeDir: StoreDir; readonly minor?: number },
  ): Promise<ServeConnection> {
    let opened: ServeConnection | undefined;
    const peer = new Peer(await connect((chunk) => opened?.onStderr?.(chunk)));
    opened = new ServeConnection(peer, await peer.greet(greetServe(greeting), SERVER_MAGIC));
    return opened;
  }

  get isUsable(): boolean {
    return this.#peer.isUsable;
  }

  call<Request, Reply>(command: Command<Request, Reply>, request: Request): Promise<Reply> {
    this.send(command, request);
    return this.answer(command);
  }

  send<Request>(command: Pick<Command<Request, unknown>, "code" | "request">, request: Request): void {
    const { out } = this.#peer;
    out.u64(command.code);
    command.request.encode(request, out, this.agreed);
    this.#peer.scheduleFlush();
  }

  /** Sends part of a body. What it returns resolves when more may be sent. */
  sendBody(bytes: Uint8Array): Promise<void> | undefined {
    const { out } = this.#peer;
    out.raw(bytes);
    if (out.length >= FLUSH_BYTES) return this.#peer.flush();
    this.#peer.scheduleFlush();
    return undefined;
  }

  /** Sends what was written before anything else is done. */
  flush(): void {
    void this.#peer.flush();
  }

  answer<Reply>(command: Pick<Command<unknown, Reply>, "name" | "reply">): Promise<Reply> {
    return this.read(command.reply.decode(this.agreed), `answering ${command.name}`);
  }

  nar(narSizeBytes: number, options?: NarOptions): ByteSource {
    return this.#peer.bytes(narSizeBytes, { doing: "sending a NAR", ...options });
  }

  read<T>(decoding: Decoding<T>, doing: string): Promise<T> {
    return this.#peer.read(decoding, doing);
  }

  abandon(): void {
    this.#peer.abandon();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]();
  }
}

/** The first eight bytes of a server. Source: Nix, `SERVE_MAGIC_2`. */
const SERVER_MAGIC = Buffer.from("cbee525400000000", "hex");
/** A body is sent on when this many bytes wait. */
const FLUSH_BYTES = 64 * 1024;

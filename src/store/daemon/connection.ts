import type { ByteSource } from "#base/byte-reader.ts";
import type { Decoding } from "#base/decoding.ts";
import { ElsewhereError } from "#base/errors.ts";
import type { LogSink } from "#nix/log-event.ts";
import type { StoreDir } from "#nix/store-path.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import { ByteWriter } from "#wire/codec/byte-writer.ts";
import { type Answered, type AnswerTaking, answerOf, answersOf } from "#wire/daemon/answer.ts";
import { type DaemonConnection as Agreement, greetDaemon } from "#wire/daemon/handshake.ts";
import type { Operation } from "#wire/daemon/operation.ts";
import { Peer } from "../peer.ts";
import type { NarOptions } from "../store.ts";
import { FrameWriter } from "./frame-writer.ts";

export interface UploadOptions {
  readonly log?: LogSink;
  /** Settles when the answers to earlier requests are read. */
  readonly after?: Promise<unknown> | undefined;
  /** Writes the body. When it throws, the body ends early and the server refuses it. */
  readonly body: (frames: FrameWriter, stop: AbortSignal) => Promise<unknown>;
}

/**
 * A connection to a daemon that speaks the worker protocol. Requests may be sent before earlier ones are
 * answered; answers come in the order of their requests.
 */
export class DaemonConnection implements AsyncDisposable {
  /** What both sides agreed on: minor version, features, the server's version and trust. */
  readonly agreed: Agreement;
  /** Settings that the server was told, as text; undefined when it was told none. */
  settingsKey: string | undefined;
  readonly #peer: Peer;

  private constructor(peer: Peer, agreed: Agreement) {
    this.#peer = peer;
    this.agreed = agreed;
  }

  /** `minor` is the newest version to speak. */
  static async open(
    stream: ByteStream,
    greeting: { readonly storeDir: StoreDir; readonly minor?: number; readonly features?: readonly string[] },
  ): Promise<DaemonConnection> {
    const peer = new Peer(stream);
    return new DaemonConnection(peer, await peer.greet(greetDaemon(greeting), SERVER_MAGIC));
  }

  /** Who is at the other end. */
  get name(): string {
    return this.#peer.name;
  }

  get isUsable(): boolean {
    return this.#peer.isUsable;
  }

  has(operation: { readonly since: number }): boolean {
    return this.agreed.version >= operation.since;
  }

  /** Sends a request and waits for its answer. */
  call<Request, Reply>(
    operation: Operation<Request, Reply>,
    request: Request,
    log?: LogSink,
  ): Promise<Reply> {
    this.send(operation, request);
    return this.answer(operation, log);
  }

  /** Sends a request, soon; `answer` must be called for each in the same order. */
  send<Request>(operation: Asked<Request>, request: Request): void {
    if (!this.has(operation)) throw this.#lacks(operation);
    const { out } = this.#peer;
    out.u64(operation.code);
    operation.request.encode(request, out, this.agreed);
    this.#peer.scheduleFlush();
    if (out.length > FLUSH_BYTES) void this.#peer.flush();
  }

  /** The answer to the earliest request that has none. Throws `RemoteError` when the server says no. */
  answer<Reply>(operation: Answered<Reply>, log?: LogSink): Promise<Reply> {
    return this.#peer.read(answerOf(operation, this.agreed, log), `answering ${operation.name}`);
  }

  /**
   * Answers to the earliest requests that have none, while `next` says that there is one more. Those at hand are
   * read at one go: nothing is waited for in between.
   */
  async answerEach<Reply>(operation: Answered<Reply>, taking: AnswerTaking<Reply>): Promise<void> {
    await this.#peer.read(answersOf(operation, this.agreed, taking), `answering ${operation.name}`);
  }

  /** The NAR that follows an answer. */
  nar(narSizeBytes: number, options?: NarOptions): ByteSource {
    return this.#peer.bytes(narSizeBytes, { doing: "sending a NAR", ...options });
  }

  /** Runs a decoder over what follows an answer. */
  read<T>(decoding: Decoding<T>, doing: string): Promise<T> {
    return this.#peer.read(decoding, doing);
  }

  /** Sends a request with its body, and waits for the answer. */
  async upload<Request, Reply>(
    operation: Asked<Request> & Answered<Reply>,
    request: Request,
    options: UploadOptions,
  ): Promise<Reply> {
    return await (await this.sendWithBody(operation, request, options)).answer;
  }

  /**
   * Sends a request with its body, and does not wait for the answer. The server's refusal stops the body and
   * is what the answer throws; a body that fails by itself throws here.
   */
  async sendWithBody<Request, Reply>(
    operation: Asked<Request> & Answered<Reply>,
    request: Request,
    { body, log, after }: UploadOptions,
  ): Promise<{ readonly answer: Promise<Reply> }> {
    this.send(operation, request);
    await this.#peer.flush();
    const answered = new AbortController();
    const answer = Promise.resolve(after)
      .then(() => this.answer(operation, log))
      .finally(() => answered.abort());
    answer.catch(() => undefined);
    const frames = new FrameWriter(new ByteWriter(), (bytes) => {
      this.#peer.out.raw(bytes);
      return this.#peer.flush();
    });
    try {
      await body(frames, answered.signal);
    } catch (error) {
      await frames.end();
      await answer.catch(() => undefined);
      throw error;
    }
    await frames.end();
    return { answer };
  }

  /** Not to be used again. */
  abandon(): void {
    this.#peer.abandon();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]();
  }

  #lacks({ name, since }: { name: string; since: number }): ElsewhereError {
    const { version, nixVersion } = this.agreed;
    return new ElsewhereError(
      "UNSUPPORTED",
      `Cannot ask ${this.#peer.name} for ${name}: it speaks protocol 1.${version}${nixVersion ? ` (Nix ${nixVersion})` : ""}`,
      { hint: `${name} needs protocol 1.${since}: use a newer Nix there` },
    );
  }
}

/** The half of an operation that sends. */
type Asked<Request> = Pick<Operation<Request, unknown>, "name" | "code" | "request" | "since">;

/** The first eight bytes of a daemon. Source: Nix, `WORKER_MAGIC_2`. */
const SERVER_MAGIC = Buffer.from("6f69786400000000", "hex");
/** Requests are sent at once when this many bytes wait. */
const FLUSH_BYTES = 64 * 1024;

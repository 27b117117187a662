import { ElsewhereError, EndOfInputError } from "#base/errors.ts";
import { hold } from "#wire/codec/dialogue.ts";
import { u64 } from "#wire/codec/primitives.ts";
import { type DaemonConnection, welcomeClient } from "#wire/daemon/handshake.ts";
import type { Operation } from "#wire/daemon/operation.ts";
import { operationsByCode } from "#wire/daemon/operations.ts";
import type { ClientConnection } from "../client-connection.ts";
import { ClientRights } from "../client-rights.ts";
import type { ServedStore } from "../served-store.ts";
import type { Call } from "./call.ts";
import { ConnectionSettings } from "./connection-settings.ts";
import { handlersByCode } from "./handlers.ts";
import { Reporter } from "./reporter.ts";
import { type RequestBody, requestBody } from "./request-body.ts";

export interface DaemonSessionOptions {
  readonly served: ServedStore;
  /** Whether the client may do what could harm other users of the store. */
  readonly trusted: boolean;
  /** What clients are told as the version of Nix. */
  readonly nixVersion: string;
  /** Features of the protocol to offer. */
  readonly features?: readonly string[];
  /** The newest minor version to speak. */
  readonly minor?: number;
}

/** Speaks the worker protocol with one client until it has gone. Source: Nix, `daemon.cc`. */
export async function serveDaemon(client: ClientConnection, options: DaemonSessionOptions): Promise<void> {
  const { served, ...told } = options;
  const greeting = welcomeClient({ storeDir: served.store.storeDir, ...told });
  const say = async (bytes: Uint8Array) => {
    client.writer.raw(bytes);
    await client.writer.flush();
  };
  const ctx = await hold(greeting, client.reader, say);
  await new DaemonSession(client, ctx, options).run();
}

class DaemonSession {
  readonly #client: ClientConnection;
  readonly #ctx: DaemonConnection;
  readonly #options: DaemonSessionOptions;
  readonly #reporter: Reporter;
  readonly #settings = new ConnectionSettings();
  readonly #rights: ClientRights;

  constructor(client: ClientConnection, ctx: DaemonConnection, options: DaemonSessionOptions) {
    this.#client = client;
    this.#ctx = ctx;
    this.#options = options;
    this.#reporter = new Reporter(client.writer, ctx);
    this.#rights = new ClientRights(options.trusted);
  }

  async run(): Promise<void> {
    try {
      while (!(await this.#client.reader.atEnd())) await this.#serveOne();
    } catch (error) {
      if (!(error instanceof EndOfInputError)) this.#lose(error);
    }
  }

  /** What came cannot be understood, so nor can what follows. Nix says so twice; clients expect no more of it. */
  #lose(error: unknown): void {
    this.#reporter.fail(error);
    this.#reporter.fail(error);
  }

  async #serveOne(): Promise<void> {
    const code = await this.#client.reader.read(u64.decode(this.#ctx));
    const operation = operationsByCode.get(code);
    if (!operation || operation.since > this.#ctx.version)
      throw new ElsewhereError("PROTOCOL", `invalid operation ${code}`);
    const request = await this.#client.reader.read(operation.request.decode(this.#ctx));
    const body = requestBody(operation.requestBody(this.#ctx), {
      reader: this.#client.reader,
      ctx: this.#ctx,
      reporter: this.#reporter,
      flush: () => this.#client.writer.flush(),
    });
    await this.#perform(operation, request, body);
  }

  /** Nothing is said of how it ended before all that the client sends has been read. */
  async #perform(operation: Operation<unknown, unknown>, request: unknown, body: RequestBody): Promise<void> {
    const call = this.#callOf(request, body);
    let reply: unknown;
    try {
      reply = await handlersByCode.get(operation.code)!(call);
    } catch (error) {
      await body.drain();
      this.#reporter.fail(error);
      return;
    }
    await body.drain();
    this.#reporter.last();
    this.#client.writer.write(operation.reply, reply, this.#ctx);
    if (call.replyBody) await this.#client.writer.send(call.replyBody);
    if (this.#client.writer.backlog > REPLY_BACKLOG_BYTES_MAX) await this.#client.writer.flush();
  }

  #callOf(request: unknown, body: RequestBody): Call<unknown> {
    const { served } = this.#options;
    return {
      request,
      body,
      served,
      store: served.store,
      ctx: this.#ctx,
      rights: this.#rights,
      settings: this.#settings,
      reporter: this.#reporter,
      signal: this.#client.hungUp,
      replyBody: undefined,
    };
  }
}

/** A client that asks without listening is kept waiting when so many bytes of answers wait for it. */
const REPLY_BACKLOG_BYTES_MAX = 1024 * 1024;

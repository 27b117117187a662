import { Buffer } from "node:buffer";
import type { ByteSource } from "#base/byte-reader.ts";
import { type Clock, systemClock } from "#base/clock.ts";
import { ElsewhereError, LimitError, messageOf } from "#base/errors.ts";
import { Semaphore } from "#base/semaphore.ts";
import { credentialsFor } from "#nix/netrc.ts";
import type { CacheFiles } from "./cache-files.ts";

export interface HttpOptions {
  readonly attempts?: number;
  /** Requests at a time. */
  readonly connections?: number;
  /** How long the first byte of an answer may take, in milliseconds. */
  readonly answerTimeoutMs?: number;
  readonly clock?: Clock;
  /** The text of a netrc file, for hosts whose URL has no user. Asked for when the first request is made. */
  readonly netrc?: () => string;
}

/** A binary cache behind http or https, for reading. User and password in the URL are sent as basic authentication. */
export class HttpFiles implements CacheFiles {
  readonly uri: string;
  readonly #base: URL;
  readonly #netrc: (() => string) | undefined;
  #headers: { [name: string]: string } = { "user-agent": "elsewhere" };
  #hasCredentials = false;
  readonly #attempts: number;
  readonly #answerTimeoutMs: number;
  readonly #clock: Clock;
  readonly #requests: Semaphore;

  constructor(url: string, options: HttpOptions = {}) {
    this.#base = new URL(url.endsWith("/") ? url : `${url}/`);
    const { username, password } = this.#base;
    if (username !== "") {
      const secret = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
      this.#headers.authorization = `Basic ${Buffer.from(secret).toString("base64")}`;
      this.#base.username = "";
      this.#base.password = "";
      this.#hasCredentials = true;
    }
    this.#netrc = options.netrc;
    this.uri = this.#base.href.replace(/\/$/, "");
    this.#attempts = options.attempts ?? 5;
    this.#answerTimeoutMs = options.answerTimeoutMs ?? 15_000;
    this.#clock = options.clock ?? systemClock;
    this.#requests = new Semaphore(options.connections ?? 25);
  }

  async read(name: string, bytesMax: number): Promise<Buffer | undefined> {
    using _ = await this.#requests.acquire();
    return await this.#retrying(name, async () => {
      const response = await this.#get(name);
      if (response === undefined) return undefined;
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of response.body ?? []) {
        size += chunk.length;
        if (size > bytesMax) throw new LimitError(`'${this.#urlOf(name)}', in bytes`, size, bytesMax);
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    });
  }

  async *open(name: string): ByteSource {
    using _ = await this.#requests.acquire();
    const response = await this.#retrying(name, () => this.#get(name));
    if (response === undefined)
      throw new ElsewhereError("CACHE_FILE", `Cannot download '${this.#urlOf(name)}': it is not there`);
    try {
      yield* response.body ?? [];
    } catch (cause) {
      throw this.#failure(name, messageOf(cause), cause);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** An answer that has begun; undefined where there is no such file. */
  async #get(name: string): Promise<Response | undefined> {
    const url = this.#urlOf(name);
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(new Error("no answer in time")), this.#answerTimeoutMs);
    // What the cache wants to say to itself must not be said to a server that a narinfo names.
    const headers = url.origin === this.#base.origin ? this.#ownHeaders() : {};
    const response = await fetch(url, { headers, signal: timeout.signal }).finally(() => clearTimeout(timer));
    if (response.ok) return response;
    await response.body?.cancel();
    // S3 says 403 of what is not there to those who may not list.
    if (response.status === 404 || response.status === 403 || response.status === 410) return undefined;
    throw new StatusError(response.status);
  }

  #ownHeaders(): Record<string, string> {
    if (!this.#hasCredentials)
      this.#headers = { ...this.#headers, ...credentialsFor(this.#netrc?.() ?? "", this.#base.hostname) };
    this.#hasCredentials = true;
    return this.#headers;
  }

  async #retrying<T>(name: string, ask: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask();
      } catch (cause) {
        if (cause instanceof LimitError) throw cause;
        if (
          attempt >= Math.min(this.#attempts, isUnreachable(cause) ? 2 : this.#attempts) ||
          !isTransient(cause)
        )
          throw this.#failure(name, reasonOf(cause), cause);
        await this.#clock.sleep(RETRY_FIRST_MS * 2 ** (attempt - 1));
      }
    }
  }

  #failure(name: string, why: string, cause: unknown): ElsewhereError {
    return new ElsewhereError("CACHE_UNREACHABLE", `Cannot download '${this.#urlOf(name)}': ${why}`, {
      cause,
    });
  }

  #urlOf(name: string): URL {
    return new URL(name, this.#base);
  }
}

class StatusError extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`the server answered with status ${status}`);
    this.status = status;
  }
}

function isTransient(cause: unknown): boolean {
  return (
    !(cause instanceof StatusError) || cause.status >= 500 || cause.status === 429 || cause.status === 408
  );
}

/** Nobody is there: that does not change within seconds. */
function isUnreachable(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as { code?: string };
  return code !== undefined && UNREACHABLE.has(code);
}

/** `fetch` says only that it failed; why is in the cause. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? messageOf(error.cause) : messageOf(error);
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
]);
const RETRY_FIRST_MS = 250;

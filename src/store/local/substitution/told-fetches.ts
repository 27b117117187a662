import type { ByteSource } from "#base/byte-reader.ts";
import { messageOf } from "#base/errors.ts";
import type { StorePath } from "#nix/store-path.ts";
import { type Download, type FetchSink, TOLD_EVERY_BYTES } from "../../fetch-event.ts";
import type { IncomingPath } from "../../store.ts";
import type { SubstitutablePath, Substituter } from "../../substituter.ts";

/** Paths on their way from substituters, one after the other: tells when each begins, how far it is, and when it is over. */
export class ToldFetches {
  readonly #tell: FetchSink;
  #begun = 0;
  /** The path that was given last: whether it came whole shows when the next is wanted. */
  #current: Fetch | undefined;

  constructor(tell: FetchSink = () => undefined) {
    this.#tell = tell;
  }

  /** NARs of paths under their names here. */
  async *narsFrom(from: Substituter, paths: readonly SubstitutablePath[]): AsyncGenerator<IncomingPath> {
    const onDownload = (name: StorePath, download: Download) => {
      if (this.#current?.name === name) this.#current.download = download;
    };
    const named = new Map(paths.map(({ info, there }) => [(there ?? info).path, info]));
    const wanted = paths.map(({ info, there }) => there ?? info);
    for await (const { info: given, nar } of from.narsFromPaths(wanted, { onDownload })) {
      this.#finish();
      const info = named.get(given.path) ?? given;
      const { path, narSize: bytes } = info;
      const fetch: Fetch = {
        id: ++this.#begun,
        name: given.path,
        bytes: 0,
        bytesTold: 0,
        download: undefined,
      };
      this.#current = fetch;
      this.#tell({ kind: "fetch-started", id: fetch.id, path, from: from.uri, bytes });
      yield { info, nar: this.#measured(fetch, nar) };
    }
    this.#finish();
  }

  /** What was given last did not come whole. */
  fail(error: unknown): void {
    this.#finish(messageOf(error));
  }

  async *#measured(fetch: Fetch, nar: ByteSource): ByteSource {
    for await (const chunk of nar) {
      fetch.bytes += chunk.length;
      if (fetch.bytes - fetch.bytesTold >= TOLD_EVERY_BYTES) this.#measure(fetch);
      yield chunk;
    }
    if (fetch.bytesTold > 0 || fetch.download) this.#measure(fetch);
  }

  #measure(fetch: Fetch): void {
    const { id, bytes, download } = fetch;
    fetch.bytesTold = bytes;
    this.#tell({ kind: "fetch-progressed", id, bytes, ...(download && { download }) });
  }

  #finish(error?: string): void {
    if (!this.#current) return;
    const { id } = this.#current;
    this.#current = undefined;
    this.#tell({ kind: "fetch-finished", id, ...(error !== undefined && { error }) });
  }
}

interface Fetch {
  readonly id: number;
  /** As the substituter has it. */
  readonly name: StorePath;
  /** Of the NAR, and how much of that was told. */
  bytes: number;
  bytesTold: number;
  download: Download | undefined;
}

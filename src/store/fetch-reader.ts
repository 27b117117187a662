import { ACTIVITY, type LogEvent, type LogField, RESULT } from "#nix/log-event.ts";
import type { StoreDir } from "#nix/store-path.ts";
import { type Download, type FetchSink, TOLD_EVERY_BYTES } from "./fetch-event.ts";
import { bytesInField, pathInField } from "./log-field.ts";

export interface FetchReaderOptions {
  readonly storeDir: StoreDir;
  readonly tell: FetchSink;
}

/** Finds in what a store of Nix's says what it fetches: the copying of a path within a substitution. */
export class FetchReader {
  readonly #options: FetchReaderOptions;
  readonly #substitutions = new Set<number>();
  readonly #open = new Map<number, OpenFetch>();
  /** The fetches that files on their way belong to, by the activities of the files. */
  readonly #files = new Map<number, OpenFetch>();

  constructor(options: FetchReaderOptions) {
    this.#options = options;
  }

  readonly take = (event: LogEvent): void => {
    switch (event.kind) {
      case "start":
        this.#start(event);
        return;
      case "result":
        if (event.type === RESULT.progress) this.#progress(event.id, event.fields);
        return;
      case "stop":
        this.#stop(event.id);
        return;
      case "message":
        return;
    }
  };

  #start({ id, type, fields, parent }: Extract<LogEvent, { kind: "start" }>): void {
    if (this.#substitutions.size + this.#open.size >= OPEN_MAX) return;
    if (type === ACTIVITY.substitute) this.#substitutions.add(id);
    else if (type === ACTIVITY.copyPath && this.#substitutions.has(parent)) this.#begin(id, fields);
    else if (type === ACTIVITY.fileTransfer) {
      const fetch = this.#open.get(parent);
      if (!fetch || fetch.download) return;
      fetch.download = { uri: String(fields[0] ?? ""), bytes: 0, bytesDone: 0 };
      this.#files.set(id, fetch);
    }
  }

  #begin(id: number, fields: readonly LogField[]): void {
    const path = pathInField(fields[0], this.#options.storeDir);
    if (!path || this.#open.has(id)) return;
    this.#open.set(id, { id, bytesTold: 0, bytesExpected: 0, download: undefined });
    this.#options.tell({ kind: "fetch-started", id, path, from: String(fields[1] ?? ""), bytes: 0 });
  }

  #progress(id: number, fields: readonly LogField[]): void {
    const [done, expected] = [bytesInField(fields[0]), bytesInField(fields[1])];
    const file = this.#files.get(id);
    if (file?.download) file.download = { ...file.download, bytes: expected, bytesDone: done };
    const fetch = this.#open.get(id);
    if (!fetch) return;
    const isNews = expected !== fetch.bytesExpected;
    if (!isNews && done < expected && done - fetch.bytesTold < TOLD_EVERY_BYTES) return;
    fetch.bytesTold = done;
    fetch.bytesExpected = expected;
    const { download } = fetch;
    const more = { ...(isNews && { bytesExpected: expected }), ...(download && { download }) };
    this.#options.tell({ kind: "fetch-progressed", id, bytes: done, ...more });
  }

  #stop(id: number): void {
    this.#substitutions.delete(id);
    this.#files.delete(id);
    if (this.#open.delete(id)) this.#options.tell({ kind: "fetch-finished", id });
  }
}

interface OpenFetch {
  readonly id: number;
  /** Of the NAR. */
  bytesTold: number;
  bytesExpected: number;
  download: Download | undefined;
}

/** More at a time is no store's work, but somebody's who wants to fill memory. */
const OPEN_MAX = 100_000;

import { unreachable } from "#base/errors.ts";
import { ACTIVITY, type LogSink, RESULT, VERBOSITY } from "#nix/log-event.ts";
import { printStorePath, type StoreDir } from "#nix/store-path.ts";
import { nextActivityId } from "./activity-id.ts";
import type { Download, FetchEvent } from "./fetch-event.ts";

export interface FetchNarratorOptions {
  readonly storeDir: StoreDir;
  readonly log: LogSink;
  /** Ids must differ between all that one client may see. */
  readonly nextId?: () => number;
}

/**
 * Tells what a store fetches as Nix does: for each path a substitution, within it the copying of the path, and within that the
 * file on its way. Disposing it ends what has not ended.
 */
export class FetchNarrator implements Disposable {
  readonly #options: FetchNarratorOptions;
  readonly #open = new Map<number, OpenFetch>();

  constructor(options: FetchNarratorOptions) {
    this.#options = options;
  }

  /** `to` names the store that fetches, unless it is the one that is asked. */
  readonly take = (event: FetchEvent & { readonly to?: string }): void => {
    switch (event.kind) {
      case "fetch-started":
        this.#begin(event);
        return;
      case "fetch-progressed":
        this.#progress(event);
        return;
      case "fetch-finished":
        this.#end(event.id);
        return;
      default:
        unreachable(event);
    }
  };

  [Symbol.dispose](): void {
    for (const id of [...this.#open.keys()]) this.#end(id);
  }

  #begin({ id, path, from, bytes, to = OWN }: Started): void {
    const name = printStorePath(this.#options.storeDir, path);
    const substitution = this.#start(ACTIVITY.substitute, { level: VERBOSITY.error, fields: [name, from] });
    const copying = this.#start(ACTIVITY.copyPath, {
      level: VERBOSITY.info,
      text: `copying path '${name}' from '${from}'${isHere(to) ? "" : ` to '${to}'`}`,
      fields: [name, from, to],
      parent: substitution,
    });
    this.#open.set(id, { substitution, copying, bytes, download: undefined });
  }

  #progress({ id, bytes, bytesExpected, download }: Extract<FetchEvent, { kind: "fetch-progressed" }>): void {
    const fetch = this.#open.get(id);
    if (!fetch) return;
    fetch.bytes = bytesExpected ?? fetch.bytes;
    if (download) this.#tellDownload(fetch, download);
    this.#tell(fetch.copying, bytes, fetch.bytes);
  }

  #tellDownload(fetch: OpenFetch, { uri, bytes, bytesDone }: Download): void {
    fetch.download ??= this.#start(ACTIVITY.fileTransfer, {
      level: VERBOSITY.talkative,
      text: `downloading '${uri}'`,
      fields: [uri],
      parent: fetch.copying,
    });
    this.#tell(fetch.download, bytesDone, bytes);
  }

  #end(id: number): void {
    const fetch = this.#open.get(id);
    this.#open.delete(id);
    if (!fetch) return;
    for (const activity of [fetch.download, fetch.copying, fetch.substitution])
      if (activity !== undefined) this.#options.log({ kind: "stop", id: activity });
  }

  #start(
    type: number,
    {
      level,
      text = "",
      fields,
      parent = 0,
    }: { level: number; text?: string; fields: string[]; parent?: number },
  ): number {
    const { log, nextId = nextActivityId } = this.#options;
    const id = nextId();
    log({ kind: "start", id, level, type, text, fields, parent });
    return id;
  }

  /** Progress is done, expected, running, failed. */
  #tell(id: number, done: number, expected: number): void {
    this.#options.log({ kind: "result", id, type: RESULT.progress, fields: [done, expected, 0, 0] });
  }
}

type Started = Extract<FetchEvent, { kind: "fetch-started" }> & { readonly to?: string };

/** What a store of Nix's calls itself. */
const OWN = "local";

function isHere(store: string): boolean {
  return store === OWN || store === "daemon";
}

/** Its activities. */
interface OpenFetch {
  readonly substitution: number;
  readonly copying: number;
  download: number | undefined;
  /** Of the NAR. */
  bytes: number;
}

import { unreachable } from "#base/errors.ts";
import { ACTIVITY, type LogSink, RESULT, VERBOSITY } from "#nix/log-event.ts";
import { printStorePath, type StoreDir } from "#nix/store-path.ts";
import type { BuildEvent } from "./events.ts";

type Begun<Kind extends BuildEvent["kind"]> = Extract<BuildEvent, { kind: Kind }>;

export interface CopyNarratorOptions {
  readonly log: LogSink;
  readonly nextId: () => number;
  readonly storeDir: StoreDir;
}

/** Tells of every copy of a run as Nix does. */
export class CopyNarrators {
  readonly #options: CopyNarratorOptions;
  readonly #open = new Map<number, CopyNarrator>();

  constructor(options: CopyNarratorOptions) {
    this.#options = options;
  }

  take(event: CopyEvent): void {
    switch (event.kind) {
      case "copy-started":
        this.#open.set(event.id, new CopyNarrator(event, this.#options));
        return;
      case "path-started":
        this.#open.get(event.id)?.beginPath(event);
        return;
      case "copy-progressed":
        this.#open.get(event.id)?.tell(event);
        return;
      case "copy-finished":
        this.#end(event.id);
        return;
      default:
        unreachable(event);
    }
  }

  /** Ends those that have not ended. */
  close(): void {
    for (const id of [...this.#open.keys()]) this.#end(id);
  }

  #end(id: number): void {
    this.#open.get(id)?.end();
    this.#open.delete(id);
  }
}

type CopyEvent = Begun<"copy-started" | "path-started" | "copy-progressed" | "copy-finished">;

/** Tells of one copy as Nix does: an activity for all of it, and within it one for each path. */
class CopyNarrator {
  readonly #copy: Begun<"copy-started">;
  readonly #options: CopyNarratorOptions;
  readonly #id: number;
  /** The path that is on its way, and how many bytes had gone before it. */
  #path: { readonly id: number; readonly bytes: number; readonly before: number } | undefined;
  #bytesDone = 0;

  constructor(copy: Begun<"copy-started">, options: CopyNarratorOptions) {
    this.#copy = copy;
    this.#options = options;
    this.#id = options.nextId();
    const { from, to, paths, bytes } = copy;
    options.log({
      kind: "start",
      id: this.#id,
      level: VERBOSITY.talkative,
      type: ACTIVITY.copyPaths,
      text: `copying ${paths} path${paths === 1 ? "" : "s"} from '${from}' to '${to}'`,
      fields: [],
      parent: 0,
    });
    this.#result(this.#id, RESULT.setExpected, [ACTIVITY.copyPath, bytes]);
    this.#result(this.#id, RESULT.progress, [0, paths, 1, 0]);
  }

  beginPath({ path, bytes }: Begun<"path-started">): void {
    this.#endPath();
    const { log, nextId, storeDir } = this.#options;
    const { from, to } = this.#copy;
    const name = printStorePath(storeDir, path);
    this.#path = { id: nextId(), bytes, before: this.#bytesDone };
    log({
      kind: "start",
      id: this.#path.id,
      level: VERBOSITY.info,
      type: ACTIVITY.copyPath,
      text: `copying path '${name}' from '${from}' to '${to}'`,
      fields: [name, from, to],
      parent: this.#id,
    });
  }

  tell({ paths, bytes }: Begun<"copy-progressed">): void {
    this.#bytesDone = bytes;
    if (this.#path) {
      const done = Math.min(this.#path.bytes, Math.max(0, bytes - this.#path.before));
      this.#result(this.#path.id, RESULT.progress, [done, this.#path.bytes, 0, 0]);
    }
    const isOver = paths === this.#copy.paths;
    this.#result(this.#id, RESULT.progress, [paths, this.#copy.paths, isOver ? 0 : 1, 0]);
  }

  end(): void {
    this.#endPath();
    this.#options.log({ kind: "stop", id: this.#id });
  }

  #endPath(): void {
    if (this.#path) this.#options.log({ kind: "stop", id: this.#path.id });
    this.#path = undefined;
  }

  /** Progress is done, expected, running, failed; what is expected is the kind of activity and how much of it. */
  #result(id: number, type: number, fields: readonly number[]): void {
    this.#options.log({ kind: "result", id, type, fields });
  }
}

import { ACTIVITY, type LogSink, RESULT, VERBOSITY } from "#nix/log-event.ts";
import { printStorePath, type StoreDir } from "#nix/store-path.ts";
import type { BuildEvent } from "./events.ts";

type Begun<Kind extends BuildEvent["kind"]> = Extract<BuildEvent, { kind: Kind }>;

/** Tells of one copy as Nix does: an activity for all of it, and within it one for each path. */
export class CopyNarrator {
  readonly #copy: Begun<"copy-started">;
  readonly #options: { readonly log: LogSink; readonly nextId: () => number; readonly storeDir: StoreDir };
  readonly #id: number;
  /** The path that is on its way, and how many bytes had gone before it. */
  #path: { readonly id: number; readonly bytes: number; readonly before: number } | undefined;
  #bytesDone = 0;

  constructor(
    copy: Begun<"copy-started">,
    options: { readonly log: LogSink; readonly nextId: () => number; readonly storeDir: StoreDir },
  ) {
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

import { ElsewhereError } from "#base/errors.ts";
import type { RealiseRequest } from "#build/engine/realise-request.ts";
import type { BuildEvent } from "#build/events.ts";
import type { RunEnd, RunHead } from "#build/journal/run-folder.ts";
import { newRunId, RunJournal } from "#build/journal/run-journal.ts";
import { printStorePath } from "#nix/store-path.ts";

/** By which way Nix gave a request to a long-lived process. */
export type Door = Exclude<RunHead["command"], "build">;

/**
 * Writes a request of a long-lived process down as a run of its own, so that it is listed, watched and stopped as others are.
 * The request does not wait for that; where it cannot be written down, it is built all the same.
 */
export class RequestJournal {
  /** Aborted as well when somebody stops the run. */
  readonly signal: AbortSignal;
  readonly #opening: Promise<RunJournal | undefined>;
  /** What happened before the journal was open. */
  #early: BuildEvent[] | undefined = [];
  #journal: RunJournal | undefined;

  constructor(request: RealiseRequest, { door, stateDir }: { door: Door; stateDir: string }) {
    const stop = new AbortController();
    this.signal = AbortSignal.any([request.signal, stop.signal]);
    const opening = RunJournal.open(headOf(request, door), {
      stateDir,
      now: () => request.clock.now(),
      stop: () => stop.abort(new ElsewhereError("STOPPED", "somebody stopped it with 'elsewhere stop'")),
    });
    this.#opening = opening.then(
      (journal) => this.#begin(journal),
      () => {
        this.#early = undefined;
        return undefined;
      },
    );
  }

  take(event: BuildEvent): void {
    if (this.#early) this.#early.push(event);
    else this.#journal?.take(event);
  }

  async end(end: Omit<RunEnd, "endedMs">): Promise<void> {
    await (await this.#opening)?.end(end);
  }

  #begin(journal: RunJournal): RunJournal {
    for (const event of this.#early ?? []) journal.take(event);
    this.#early = undefined;
    this.#journal = journal;
    return journal;
  }
}

function headOf(
  { graph, wishes, destination }: RealiseRequest,
  door: Door,
): Omit<RunHead, "socket" | "startedMs"> {
  const { storeDir } = destination.store;
  return {
    id: newRunId(),
    pid: process.pid,
    command: door,
    what: wishes.map(({ drvPath, outputs }) => {
      const isAll = outputs.length === graph.get(drvPath)?.outputs.size;
      return `${printStorePath(storeDir, drvPath)}${isAll ? "" : `^${outputs.join()}`}`;
    }),
    folder: process.cwd(),
    storeDir,
    isDetached: false,
  };
}

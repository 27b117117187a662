import { messageOf } from "#base/errors.ts";
import { requirementOf } from "#build/engine/plan/requirement-of.ts";
import { realise } from "#build/engine/realise.ts";
import type { RealiseReport, RealiseRequest } from "#build/engine/realise-request.ts";
import type { Ledger } from "#ledger/ledger.ts";
import type { RequestEnd, RequestRecord } from "#ledger/record.ts";
import { Recorder } from "#ledger/recorder.ts";
import { type Door, RequestJournal } from "./request-journal.ts";

export interface RequestRecordsOptions {
  readonly openLedger: () => Promise<Ledger>;
  /** Holds the logs. */
  readonly stateDir: string;
  /** Told, in a sentence, why there is no record. The builds go on. */
  readonly report: (text: string) => void;
}

/** Whose request it is, and which way it came. */
export interface Asker extends Pick<RequestRecord, "principal"> {
  readonly door: Door;
}

/** Keeps the record of all requests of a long-lived process, in the ledger of its user and while they go on as runs. */
export class RequestRecords implements AsyncDisposable {
  readonly #options: RequestRecordsOptions;
  /** Records whose end is still being written: nobody waits for that. */
  readonly #ending = new Set<Promise<void>>();
  #ledger: Promise<Ledger | undefined> | undefined;

  constructor(options: RequestRecordsOptions) {
    this.#options = options;
  }

  /** Makes a request true, as `realise` does, and keeps its record. */
  async realise(asked: RealiseRequest, asker: Asker): Promise<RealiseReport> {
    const { stateDir } = this.#options;
    const journal = new RequestJournal(asked, { door: asker.door, stateDir });
    const { signal } = journal;
    const recorder = await this.#begin(asked, asker);
    let ended: { end: RequestEnd; exitCode: number; error?: string } = { end: "failed", exitCode: FAILED };
    try {
      const report = await realise({
        ...asked,
        signal,
        events: (event) => {
          recorder?.take(event);
          journal.take(event);
          asked.events(event);
        },
      });
      if (report.complete) ended = { end: "done", exitCode: 0 };
      return report;
    } catch (error) {
      ended = signal.aborted
        ? { end: "cancelled", exitCode: INTERRUPTED, error: messageOf(signal.reason) }
        : { ...ended, error: messageOf(error) };
      throw error;
    } finally {
      const { end, ...how } = ended;
      this.#finish(recorder?.end(end));
      this.#finish(journal.end(how));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#ending);
    await (await this.#ledger)?.[Symbol.asyncDispose]();
  }

  async #begin(request: RealiseRequest, { principal, door }: Asker): Promise<Recorder | undefined> {
    this.#ledger ??= this.#openLedger();
    const ledger = await this.#ledger;
    if (!ledger) return undefined;
    const { graph, wishes, destination, sites, clock } = request;
    return new Recorder(ledger, {
      principal,
      command: `elsewhere ${door}`,
      wishes: wishes.map(({ drvPath, outputs }) => `${drvPath}^${outputs.join()}`),
      store: destination.name,
      sites: sites.map(({ traits }) => traits),
      requirementOf: (drvPath) => requirementOf(graph.get(drvPath)!),
      now: () => clock.now(),
      stateDir: this.#options.stateDir,
      describe: (paths) => destination.store.queryPathInfos(paths),
      onFault: this.#options.report,
    });
  }

  async #openLedger(): Promise<Ledger | undefined> {
    try {
      return await this.#options.openLedger();
    } catch (error) {
      this.#options.report(`what is built is not recorded: ${messageOf(error)}`);
      return undefined;
    }
  }

  #finish(ended: Promise<void> | undefined): void {
    if (!ended) return;
    const ending = ended
      .catch((error) => this.#options.report(messageOf(error)))
      .finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}

/** Exit codes of runs, as commands have them; who is interrupted has 128 and the number of the signal. */
const FAILED = 1;
const INTERRUPTED = 130;

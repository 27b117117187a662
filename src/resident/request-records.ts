import { messageOf } from "#base/errors.ts";
import { type RealiseReport, type RealiseRequest, realise } from "#build/engine/realise.ts";
import { requirementOf } from "#build/engine/requirement-of.ts";
import type { Ledger } from "#ledger/ledger.ts";
import type { RequestEnd, RequestRecord } from "#ledger/record.ts";
import { Recorder } from "#ledger/recorder.ts";

export interface RequestRecordsOptions {
  readonly openLedger: () => Promise<Ledger>;
  /** Holds the logs. */
  readonly stateDir: string;
  /** Told, in a sentence, why there is no record. The builds go on. */
  readonly report: (text: string) => void;
}

/** Whose request it is, and what was typed. */
export type Asker = Pick<RequestRecord, "principal" | "command">;

/** Keeps the record of all requests of a long-lived process, in the ledger of its user. */
export class RequestRecords implements AsyncDisposable {
  readonly #options: RequestRecordsOptions;
  /** Records whose end is still being written: nobody waits for that. */
  readonly #ending = new Set<Promise<void>>();
  #ledger: Promise<Ledger | undefined> | undefined;

  constructor(options: RequestRecordsOptions) {
    this.#options = options;
  }

  /** Makes a request true, as `realise` does, and keeps its record. */
  async realise(request: RealiseRequest, asker: Asker): Promise<RealiseReport> {
    const recorder = await this.#begin(request, asker);
    if (!recorder) return await realise(request);
    let end: RequestEnd = "failed";
    try {
      const report = await realise({
        ...request,
        events: (event) => {
          recorder.take(event);
          request.events(event);
        },
      });
      if (report.complete) end = "done";
      return report;
    } catch (error) {
      if (request.signal.aborted) end = "cancelled";
      throw error;
    } finally {
      this.#finish(recorder.end(end));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#ending);
    await (await this.#ledger)?.[Symbol.asyncDispose]();
  }

  async #begin(request: RealiseRequest, asker: Asker): Promise<Recorder | undefined> {
    this.#ledger ??= this.#openLedger();
    const ledger = await this.#ledger;
    if (!ledger) return undefined;
    const { graph, wishes, destination, sites, clock } = request;
    return new Recorder(ledger, {
      ...asker,
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

  #finish(ended: Promise<void>): void {
    const ending = ended
      .catch((error) => this.#options.report(messageOf(error)))
      .finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}

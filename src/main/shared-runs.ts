import { join } from "node:path";
import { systemClock } from "#base/clock.ts";
import type { RealiseReport, RealiseRequest } from "#build/engine/realise-request.ts";
import type { BuilderBook } from "#build/engine/site/builder-book.ts";
import type { BuildSite } from "#build/engine/site/site.ts";
import { siteProbe } from "#build/probe/site-probe.ts";
import { openBookFile } from "#build/remote/book-file.ts";
import { openRestFile } from "#build/remote/rest-file.ts";
import { openSlotFile } from "#build/remote/slot-file.ts";
import { AudibleSlots } from "#resident/audible-slots.ts";
import { Foresight } from "#resident/foresight.ts";
import type { Asker } from "#resident/request-records.ts";
import type { Estimates } from "#schedule/estimate.ts";
import { type GateOptions, openBuildGate } from "./build-gate.ts";
import { openRequestRecords } from "./request-records.ts";

/**
 * What all runs of a long-lived process share with those of others: the record, what builders and builds were like before,
 * slots of builders, and who does not reach whom.
 */
export class SharedRuns implements AsyncDisposable {
  readonly health: BuilderBook;
  readonly #records;
  readonly #foresight;
  readonly #peerRests;
  readonly #slots: Promise<AudibleSlots>;

  constructor(stateDir: string) {
    this.health = openBookFile(stateDir);
    this.#records = openRequestRecords(stateDir);
    this.#foresight = new Foresight({
      openLedger: async () => {
        const { SqliteLedger } = await import("#ledger/sqlite/sqlite-ledger.ts");
        return new SqliteLedger(join(stateDir, "ledger.sqlite"));
      },
      book: this.health,
      clock: systemClock,
      report: (text) => void process.stderr.write(`warning: ${text}\n`),
    });
    this.#peerRests = openRestFile(stateDir, "peers");
    this.#slots = openSlotFile(stateDir).then((share) => new AudibleSlots(share));
  }

  /** Makes a request true, as `realise` does, unless what it wants is for another platform than it may be. */
  async realise(request: RealiseRequest, { asker, audit }: RunOptions): Promise<RealiseReport> {
    const gate = await openBuildGate(request, audit);
    const probe = siteProbe(this.health, systemClock);
    const shared = { slots: await this.#slots, peerRests: this.#peerRests, gate, probe };
    return await this.#records.realise({ ...request, ...shared }, asker);
  }

  /** What builds of these names will take. */
  estimatesOf(names: Iterable<string>, sites: readonly BuildSite[]): Promise<Estimates> {
    return this.#foresight.estimatesOf(names, sites);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#records[Symbol.asyncDispose]();
    await this.#foresight[Symbol.asyncDispose]();
    await (await this.#slots)[Symbol.asyncDispose]();
  }
}

export interface RunOptions {
  readonly asker: Asker;
  readonly audit: GateOptions;
}

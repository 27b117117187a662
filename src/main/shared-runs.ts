import type { RealiseReport, RealiseRequest } from "#build/engine/realise.ts";
import { openRestFile } from "#build/remote/rest-file.ts";
import { openSlotFile } from "#build/remote/slot-file.ts";
import { AudibleSlots } from "#resident/audible-slots.ts";
import type { Asker } from "#resident/request-records.ts";
import { openRequestRecords } from "./request-records.ts";

/** What all runs of a long-lived process share with those of others: the record, slots of builders, and who does not reach whom. */
export class SharedRuns implements AsyncDisposable {
  readonly #records;
  readonly #peerRests;
  readonly #slots: Promise<AudibleSlots>;

  constructor(stateDir: string) {
    this.#records = openRequestRecords(stateDir);
    this.#peerRests = openRestFile(stateDir, "peers");
    this.#slots = openSlotFile(stateDir).then((share) => new AudibleSlots(share));
  }

  /** Makes a request true, as `realise` does. */
  async realise(request: RealiseRequest, asker: Asker): Promise<RealiseReport> {
    const shared = { slots: await this.#slots, peerRests: this.#peerRests };
    return await this.#records.realise({ ...request, ...shared }, asker);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#records[Symbol.asyncDispose]();
    await (await this.#slots)[Symbol.asyncDispose]();
  }
}

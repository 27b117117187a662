import { type BuildSite, keyOf } from "../site/site.ts";
import type { SlotShare } from "../site/slot-share.ts";

export interface OwnSlotsOptions {
  readonly share: SlotShare;
  readonly sites: readonly BuildSite[];
  /** Told how many slots of a builder others hold, when that has changed. */
  readonly onOthers: (builder: string, slots: number) => void;
}

/** What one schedule holds of the slots that it shares with other runs: as many as it has builds running, up to all. */
export class OwnSlots implements Disposable {
  readonly #share: SlotShare;
  readonly #builders: ReadonlyMap<string, Holding>;
  readonly #onOthers: OwnSlotsOptions["onOthers"];
  readonly #watch: Disposable;

  constructor({ share, sites, onOthers }: OwnSlotsOptions) {
    this.#share = share;
    this.#onOthers = onOthers;
    this.#builders = new Map(
      sites.map((site) => [
        site.traits.name,
        { key: keyOf(site), slotsMax: site.traits.maxJobs, running: 0, slots: [], others: 0 },
      ]),
    );
    this.#watch = share.onChange(() => this.look());
  }

  /** Tells of every builder whose slots others have taken or given back. */
  look(): void {
    for (const builder of this.#builders.keys()) this.#lookAt(builder);
  }

  /** False, once what others hold is told, when there is no slot for them. Many together may share what there is. */
  begin(builder: string, builds: number): boolean {
    const holding = this.#builders.get(builder)!;
    const wanted = Math.min(holding.slotsMax, holding.running + builds);
    while (holding.slots.length < wanted) {
      const slot = this.#share.take(holding.key, holding.slotsMax);
      if (!slot) break;
      holding.slots.push(slot);
    }
    const isEnough = holding.slots.length >= (builds > 1 ? 1 : wanted);
    if (isEnough) holding.running += builds;
    else this.#trim(holding);
    // Where there was no slot there is none, whatever was given back meanwhile: that is heard of.
    this.#lookAt(builder, isEnough ? 0 : holding.slotsMax - holding.running);
    return isEnough;
  }

  /** One build of a builder has ended, in whatever way. */
  end(builder: string): void {
    const holding = this.#builders.get(builder)!;
    holding.running--;
    this.#trim(holding);
  }

  /** Slots that are held on a builder. */
  heldOn(builder: string): number {
    return this.#builders.get(builder)?.slots.length ?? 0;
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    for (const holding of this.#builders.values()) {
      holding.running = 0;
      this.#trim(holding);
    }
  }

  #trim({ slots, running }: Holding): void {
    while (slots.length > running) slots.pop()![Symbol.dispose]();
  }

  #lookAt(builder: string, least = 0): void {
    const holding = this.#builders.get(builder)!;
    const others = Math.max(least, this.#share.held(holding.key) - holding.slots.length);
    if (others === holding.others) return;
    holding.others = others;
    this.#onOthers(builder, others);
  }
}

interface Holding {
  readonly key: string;
  readonly slotsMax: number;
  running: number;
  readonly slots: Disposable[];
  /** As it was told last. */
  others: number;
}

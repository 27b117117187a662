/**
 * The slots of builders, shared by all runs on this machine: what one holds, no other takes. Builders by a name that is
 * the same in every run. Whoever goes away, in whatever way, gives back what it held.
 */
export interface SlotShare extends AsyncDisposable {
  /** Holds one more of a builder's `slotsMax` slots until it is disposed; undefined when all are held. */
  take(builder: string, slotsMax: number): Disposable | undefined;
  /** Slots of a builder that are held now, by whomever. */
  held(builder: string): number;
  /** Told whenever another process has taken slots or given some back. */
  onChange(listener: () => void): Disposable;
}

/** For runs that share with nobody. */
export const unsharedSlots: SlotShare = {
  take: () => NOTHING,
  held: () => 0,
  onChange: () => NOTHING,
  [Symbol.asyncDispose]: async () => undefined,
};

const NOTHING: Disposable = { [Symbol.dispose]: () => undefined };

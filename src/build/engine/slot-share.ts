/**
 * The slots of builders, shared by all runs on this machine: what one holds, no other takes. Builders by a name that is
 * the same in every run. Whoever goes away, in whatever way, gives back what it held.
 */
export interface SlotShare extends AsyncDisposable {
  /** Takes up to `wanted` of a builder's `slotsMax` slots; undefined when none is free. */
  take(
    builder: string,
    limits: { readonly wanted: number; readonly slotsMax: number },
  ): SlotLease | undefined;
  /** Slots of a builder that other runs hold now. */
  heldByOthers(builder: string): number;
  /** Told whenever another run has taken slots or given some back. */
  onChange(listener: () => void): Disposable;
}

/** Slots that are held until it is disposed. */
export interface SlotLease extends Disposable {
  /** At least one. */
  readonly slots: number;
}

/** For runs that share with nobody. */
export const unsharedSlots: SlotShare = {
  take: (_, { wanted }) => ({ slots: wanted, [Symbol.dispose]: () => undefined }),
  heldByOthers: () => 0,
  onChange: () => ({ [Symbol.dispose]: () => undefined }),
  [Symbol.asyncDispose]: async () => undefined,
};

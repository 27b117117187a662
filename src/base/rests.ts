/** Remembers what failed and is not worth another try for a while, over runs. */
export interface Rests {
  /** Why `key` rests, and until when; undefined when it does not. Times in ms since the epoch. */
  restOf(key: string, nowMs: number): Rest | undefined;
  /** What rests of all keys that begin so. */
  keysUnder(prefix: string, nowMs: number): ReadonlySet<string>;
  rest(key: string, rest: Rest): void;
  /** It works again. */
  end(key: string): void;
}

export interface Rest {
  readonly untilMs: number;
  readonly message: string;
}

/** Remembers as long as this process. */
export function shortRests(): Rests {
  const rests = new Map<string, Rest>();
  return {
    restOf: (key, nowMs) => {
      const found = rests.get(key);
      return found && found.untilMs > nowMs ? found : undefined;
    },
    keysUnder: (prefix, nowMs) => {
      const found = rests.entries().filter(([key, { untilMs }]) => key.startsWith(prefix) && untilMs > nowMs);
      return new Set(found.map(([key]) => key));
    },
    rest: (key, rest) => void rests.set(key, rest),
    end: (key) => void rests.delete(key),
  };
}

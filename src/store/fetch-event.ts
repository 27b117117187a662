import type { StorePath } from "#nix/store-path.ts";

/** How a path comes into a store from one of its substituters. `id` tells the fetches of one request apart. */
export type FetchEvent =
  | {
      readonly kind: "fetch-started";
      readonly id: number;
      readonly path: StorePath;
      /** URI of the substituter. */
      readonly from: string;
      /** Of the NAR; 0 where that is not known. */
      readonly bytes: number;
    }
  | {
      readonly kind: "fetch-progressed";
      readonly id: number;
      /** Of the NAR, so far. */
      readonly bytes: number;
      /** Of the NAR, where that was not known before. */
      readonly bytesExpected?: number;
      readonly download?: Download;
    }
  | {
      readonly kind: "fetch-finished";
      readonly id: number;
      /** Why it did not come whole, where that is known then. */
      readonly error?: string;
    };

export type FetchSink = (event: FetchEvent) => void;

/** A file on its way over the network. Bytes as they travel: compressed, mostly. */
export interface Download {
  readonly uri: string;
  /** 0 where that is not known. */
  readonly bytes: number;
  readonly bytesDone: number;
}

/** What comes faster than that is not told chunk by chunk. */
export const TOLD_EVERY_BYTES = 1 << 20;

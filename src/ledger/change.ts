import type { Origin } from "#build/events.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { AttemptEnd, AttemptRecord, BuildEnd, CopyRecord, RequestEnd, RequestRecord } from "./record.ts";

/** What is written into the ledger. Builds are named by request and derivation: their numbers are the ledger's. */
export type LedgerChange =
  | ({ readonly kind: "request-began" } & Omit<RequestRecord, "end" | "endedMs">)
  | {
      readonly kind: "request-ended";
      readonly request: string;
      readonly end: RequestEnd;
      readonly atMs: number;
    }
  /** A build that is in the ledger already is not planned again. */
  | {
      readonly kind: "build-planned";
      readonly request: string;
      readonly drvPath: StorePath;
      readonly system: string;
      readonly atMs: number;
    }
  | ({ readonly kind: "attempt-began" } & AttemptName &
      Pick<AttemptRecord, "builder" | "local" | "placement"> & { readonly atMs: number })
  | ({ readonly kind: "attempt-building"; readonly atMs: number } & AttemptName)
  | ({
      readonly kind: "attempt-ended";
      readonly end: AttemptEnd;
      readonly atMs: number;
    } & AttemptName &
      Pick<AttemptRecord, "detail" | "message" | "cpuUserUs" | "cpuSystemUs" | "memoryPeakBytes">)
  | {
      readonly kind: "build-ended";
      readonly request: string;
      readonly drvPath: StorePath;
      readonly end: BuildEnd;
      readonly atMs: number;
      readonly builder?: string | undefined;
      readonly durationMs?: number | undefined;
      readonly message?: string | undefined;
      readonly outputs: ReadonlyMap<string, StorePath>;
    }
  /** How large the NAR is of what a build of this request made. */
  | {
      readonly kind: "output-sized";
      readonly request: string;
      readonly path: StorePath;
      readonly bytes: number;
    }
  | ({
      readonly kind: "copied";
      /** Each path with the size of its NAR. */
      readonly contents: readonly { readonly path: StorePath; readonly bytes: number }[];
    } & CopyRecord)
  | {
      readonly kind: "path-arrived";
      readonly request: string;
      readonly path: StorePath;
      readonly origin: Origin;
      /** Names of the keys that signed it, where the destination keeps them. */
      readonly signedBy: readonly string[];
      readonly atMs: number;
    };

export interface AttemptName {
  readonly request: string;
  readonly drvPath: StorePath;
  /** From 1 within the build. */
  readonly attempt: number;
}

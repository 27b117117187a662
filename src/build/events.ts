import type { BuildStatus } from "#nix/build-result.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Loss } from "#schedule/loss.ts";
import type { BuilderVerdict, WaitReason } from "#schedule/reason.ts";
import type { Score } from "#schedule/score.ts";
import type { FetchEvent } from "#store/fetch-event.ts";

/** Where a path that was asked for came from. Builders and stores by the name that people give them. */
export type Origin =
  | { readonly kind: "already-there"; readonly store: string }
  | { readonly kind: "built"; readonly builder: string; readonly drvPath: StorePath }
  /** The builder took it from a binary cache instead of building it; which one, and by which keys' signatures, where it says. */
  | {
      readonly kind: "substituted";
      readonly builder: string;
      readonly drvPath?: StorePath;
      readonly from?: string;
      readonly signedBy?: readonly string[];
    }
  /** It was there already, in another store. */
  | { readonly kind: "copied"; readonly from: string };

/** What a build took of its machine, as far as the builder measured it. */
export interface BuildUsage {
  readonly cpuUserUs?: number;
  readonly cpuSystemUs?: number;
  readonly memoryPeakBytes?: number;
}

/** A builder's word for a failure, or ours where no protocol has one. */
export type FailureStatus = BuildStatus | "MemoryLimitExceeded";

/** How one derivation ended. */
export type BuildOutcome =
  | {
      readonly kind: "realised";
      readonly builder: string;
      readonly how: "built" | "substituted" | "already-there";
      readonly outputs: ReadonlyMap<string, StorePath>;
      /** Of the build itself, as the builder reports it or, where it does not, from request to answer. */
      readonly durationMs: number;
      readonly usage?: BuildUsage;
    }
  /** The builder's own verdict. */
  | {
      readonly kind: "failed";
      readonly builder: string;
      readonly status: FailureStatus;
      readonly message: string;
      readonly usage?: BuildUsage;
    }
  | { readonly kind: "dependency-failed"; readonly because: StorePath }
  /** No machine was left to try it on; `message` says what each one said. */
  | { readonly kind: "given-up"; readonly attempts: number; readonly message: string; readonly hint?: string }
  | { readonly kind: "cancelled" };

/** Everything that happens while derivations are realised. Views are folds over these. */
export type BuildEvent =
  | {
      readonly kind: "planned";
      readonly atMs: number;
      /** What will be built, each after what it needs. */
      readonly builds: readonly StorePath[];
      /** Of each of them, which others it needs: places in `builds`, all before its own. */
      readonly needs: readonly (readonly number[])[];
      /** What each will probably take on a builder of speed 1, by what was seen before; 0 where nothing was. */
      readonly estimatesMs?: readonly number[];
      readonly alreadyThere: number;
    }
  | { readonly kind: "builder-connecting"; readonly builder: string; readonly atMs: number }
  | {
      readonly kind: "builder-up";
      readonly builder: string;
      /** Builds that it takes at once. */
      readonly slots: number;
      readonly atMs: number;
    }
  | {
      readonly kind: "builder-down";
      readonly builder: string;
      readonly atMs: number;
      readonly message: string;
    }
  | {
      readonly kind: "copy-started";
      readonly id: number;
      readonly from: string;
      readonly to: string;
      readonly paths: number;
      /** Of the NARs. */
      readonly bytes: number;
      /** Straight from store to store, or from one builder to another through this machine. */
      readonly route: "direct" | "through-here";
      /** Each path with the size of its NAR. */
      readonly contents?: readonly { readonly path: StorePath; readonly bytes: number }[];
      readonly atMs: number;
    }
  /** The next path of a copy is on its way. Where stores send to each other, nobody tells. */
  | {
      readonly kind: "path-started";
      readonly id: number;
      readonly path: StorePath;
      /** Of its NAR. */
      readonly bytes: number;
      readonly atMs: number;
    }
  | {
      readonly kind: "copy-progressed";
      readonly id: number;
      readonly paths: number;
      readonly bytes: number;
      readonly atMs: number;
    }
  | { readonly kind: "copy-finished"; readonly id: number; readonly atMs: number; readonly error?: string }
  /** A store takes a path from one of its binary caches. */
  | (Fetched<"fetch-started"> & {
      /** The store: a builder, or the one that all is for. */
      readonly to: string;
      /** The build that it was asked for when it began to fetch. */
      readonly drvPath?: StorePath;
      readonly atMs: number;
    })
  | (Fetched<"fetch-progressed"> & { readonly atMs: number })
  /** With no `error` it may still not have come whole: not every store says so. */
  | (Fetched<"fetch-finished"> & { readonly atMs: number })
  /** All that it needs is there, and it is not begun: why. Of many that wait alike, one is told. */
  | {
      readonly kind: "build-held";
      readonly drvPath: StorePath;
      readonly reason: WaitReason;
      readonly atMs: number;
    }
  | {
      readonly kind: "attempt-started";
      readonly drvPath: StorePath;
      readonly builder: string;
      readonly attempt: number;
      /** Builds in the same request; more than one: `build-began` tells when each begins. */
      readonly together: number;
      /** That the build may use; absent where the builder's are not known. */
      readonly cores?: number;
      /** Why this builder. */
      readonly score: Score;
      /** What was said of the other builders at that moment. */
      readonly others: readonly BuilderVerdict[];
      readonly atMs: number;
    }
  /** Of what it needs, some is fetched from caches first: nothing is sent for it before `inputs-fetched`. */
  | {
      readonly kind: "inputs-awaited";
      readonly drvPath: StorePath;
      readonly builder: string;
      readonly atMs: number;
    }
  | {
      readonly kind: "inputs-fetched";
      readonly drvPath: StorePath;
      readonly builder: string;
      readonly atMs: number;
    }
  /** All that the builder lacked is there, and it has been asked to build. */
  | {
      readonly kind: "inputs-sent";
      readonly drvPath: StorePath;
      readonly builder: string;
      readonly atMs: number;
    }
  /** The builder itself says that it began: of many handed over (`together`), not all run at once. */
  | {
      readonly kind: "build-began";
      readonly together: boolean;
      readonly drvPath: StorePath;
      readonly builder: string;
      readonly atMs: number;
    }
  | { readonly kind: "phase"; readonly drvPath: StorePath; readonly phase: string }
  | { readonly kind: "log-line"; readonly drvPath: StorePath; readonly line: string }
  /** The attempt came to nothing and another may follow. */
  | {
      readonly kind: "attempt-lost";
      readonly drvPath: StorePath;
      readonly builder: string;
      readonly loss: Loss;
      readonly message: string;
      readonly atMs: number;
    }
  | {
      readonly kind: "build-finished";
      readonly drvPath: StorePath;
      readonly outcome: BuildOutcome;
      readonly atMs: number;
    }
  | {
      readonly kind: "path-ready";
      readonly path: StorePath;
      readonly origin: Origin;
      /** The store that it lies in, where it was not to be brought to the destination. */
      readonly at?: string;
    }
  /** The audit finds fault with what was built, and lets it through. */
  | { readonly kind: "output-suspect"; readonly drvPath: StorePath; readonly message: string }
  /** What a builder says outside any build, or we of it: then a person should know. */
  | {
      readonly kind: "message";
      readonly builder: string;
      readonly text: string;
      readonly isWarning?: boolean;
    };

export type BuildEventSink = (event: BuildEvent) => void;

type Fetched<Kind extends FetchEvent["kind"]> = Extract<FetchEvent, { kind: Kind }>;

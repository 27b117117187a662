import type { Clock } from "#base/clock.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { WaitReason } from "#schedule/reason.ts";
import type { Requirement } from "#schedule/requirement.ts";
import type { BuildEventSink } from "../../events.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import { requirementOf } from "../plan/requirement-of.ts";

export interface WaitWatchOptions {
  readonly builds: Iterable<PlannedBuild>;
  readonly reasonOf: (drvPath: StorePath) => WaitReason | undefined;
  readonly events: BuildEventSink;
  readonly clock: Clock;
}

/** Says why builds wait that could be begun: of those that want the same of a machine one, when its reason is another. */
export class WaitWatch {
  readonly #options: WaitWatchOptions;
  readonly #kinds = new Map<Requirement, StorePath[]>();
  readonly #told = new Map<Requirement, string>();
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(options: WaitWatchOptions) {
    this.#options = options;
    for (const { drvPath, derivation } of options.builds) {
      const kind = requirementOf(derivation);
      const alike = this.#kinds.get(kind);
      if (alike) alike.push(drvPath);
      else this.#kinds.set(kind, [drvPath]);
    }
  }

  /** Looks again: at once when nothing is under way, else not often, for that is not worth much. */
  look(isIdle: boolean): void {
    const { events, clock, reasonOf } = this.#options;
    const atMs = clock.now();
    if (!isIdle && atMs - this.#lookedMs < LOOK_EVERY_MS) return;
    this.#lookedMs = atMs;
    for (const [kind, alike] of this.#kinds) {
      const found = firstHeld(alike, reasonOf);
      const told = found && JSON.stringify(found);
      if (!found || this.#told.get(kind) === told) continue;
      this.#told.set(kind, told!);
      events({ kind: "build-held", ...found, atMs });
    }
  }
}

function firstHeld(
  drvPaths: readonly StorePath[],
  reasonOf: WaitWatchOptions["reasonOf"],
): { drvPath: StorePath; reason: WaitReason } | undefined {
  for (const drvPath of drvPaths) {
    const reason = reasonOf(drvPath);
    if (reason && !PLAIN.has(reason.kind)) return { drvPath, reason };
  }
  return undefined;
}

/** What everybody sees: it is not its turn. */
const PLAIN: ReadonlySet<WaitReason["kind"]> = new Set(["inputs", "stopped", "stopping"]);
const LOOK_EVERY_MS = 1000;

import { encodeText } from "#base/text.ts";
import { CopyNarrator } from "#build/copy-narrator.ts";
import type { BuildEvent } from "#build/events.ts";
import { VERBOSITY } from "#nix/log-event.ts";
import type { StoreDir } from "#nix/store-path.ts";
import { formatLogLine } from "#wire/internal-json/log-line.ts";
import type { HookLine } from "./hook-line.ts";

export interface HookNarratorOptions {
  readonly line: Pick<HookLine, "tell" | "log">;
  readonly storeDir: StoreDir;
  /** Ids must differ between all that one Nix may see. */
  readonly nextId: () => number;
}

/**
 * Tells Nix what becomes of the one build that its hook took. The build itself is announced by Nix, which also keeps
 * and shows as its log what comes by the log's pipe.
 */
export class HookNarrator {
  readonly #options: HookNarratorOptions;
  readonly #copies = new Map<number, CopyNarrator>();

  constructor(options: HookNarratorOptions) {
    this.#options = options;
  }

  take(event: BuildEvent): void {
    const { line, storeDir, nextId } = this.#options;
    switch (event.kind) {
      case "log-line":
        line.log(encodeText(`${event.line}\n`));
        break;
      case "phase":
        line.log(`@nix ${JSON.stringify({ action: "setPhase", phase: event.phase.toWellFormed() })}\n`);
        break;
      case "output-suspect":
        this.say(`warning: ${event.message}`, VERBOSITY.warn);
        break;
      case "builder-down":
        this.say(`cannot build on '${event.builder}': ${event.message}`, VERBOSITY.error);
        break;
      case "copy-started":
        this.#copies.set(
          event.id,
          new CopyNarrator(event, {
            storeDir,
            nextId,
            log: (said) => line.tell(`${formatLogLine(said)}\n`),
          }),
        );
        break;
      case "path-started":
        this.#copies.get(event.id)?.beginPath(event);
        break;
      case "copy-progressed":
        this.#copies.get(event.id)?.tell(event);
        break;
      case "copy-finished":
        this.#copies.get(event.id)?.end();
        this.#copies.delete(event.id);
        break;
      default:
        break;
    }
  }

  say(text: string, level: number): void {
    this.#options.line.tell(`${formatLogLine({ kind: "message", level, text })}\n`);
  }
}

import { encodeText } from "#base/text.ts";
import type { BuildEvent } from "#build/events.ts";
import { saysWhatIsKept } from "#build/kept-folder.ts";
import { MovementNarrator } from "#build/movement-narrator.ts";
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
  readonly #movements: MovementNarrator;

  constructor(options: HookNarratorOptions) {
    this.#options = options;
    const { line, storeDir, nextId } = options;
    this.#movements = new MovementNarrator({
      storeDir,
      nextId,
      log: (said) => line.tell(`${formatLogLine(said)}\n`),
    });
  }

  take(event: BuildEvent): void {
    const { line } = this.#options;
    switch (event.kind) {
      case "log-line":
        line.log(encodeText(`${event.line}\n`));
        break;
      case "phase":
        line.log(`@nix ${JSON.stringify({ action: "setPhase", phase: event.phase.toWellFormed() })}\n`);
        break;
      case "message":
        if (event.isWarning) this.say(`warning: ${event.builder}: ${event.text}`, VERBOSITY.warn);
        else if (saysWhatIsKept(event.text))
          this.say(`${event.builder}: ${event.text.trimEnd()}`, VERBOSITY.error);
        break;
      case "output-suspect":
        this.say(`warning: ${event.message}`, VERBOSITY.warn);
        break;
      case "builder-down":
        this.say(`cannot build on '${event.builder}': ${event.message}`, VERBOSITY.error);
        break;
      default:
        this.#movements.take(event);
    }
  }

  say(text: string, level: number): void {
    this.#options.line.tell(`${formatLogLine({ kind: "message", level, text })}\n`);
  }
}

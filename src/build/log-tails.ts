import type { StorePath } from "#nix/store-path.ts";

/** The last lines of every build's log, for error messages and for judging what went wrong. */
export class LogTails {
  readonly #lines = new Map<StorePath, string[]>();

  add(drvPath: StorePath, line: string): void {
    const lines = this.#lines.get(drvPath);
    if (!lines) this.#lines.set(drvPath, [line]);
    else {
      lines.push(line);
      if (lines.length > 2 * TAIL_LINES) lines.splice(0, lines.length - TAIL_LINES);
    }
  }

  of(drvPath: StorePath): readonly string[] {
    return this.#lines.get(drvPath)?.slice(-TAIL_LINES) ?? [];
  }

  drop(drvPath: StorePath): void {
    this.#lines.delete(drvPath);
  }
}

/** As many as Nix shows. */
export const TAIL_LINES = 25;

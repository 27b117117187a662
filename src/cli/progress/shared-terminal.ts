import type { Terminal } from "../terminal.ts";

/** A terminal on which a view may draw: while one does, what others say goes through it. */
export interface SharedTerminal extends Terminal {
  /** Where the view itself draws. */
  readonly beneath: Terminal;
  voice: ((lines: readonly string[]) => void) | undefined;
}

export function shareTerminal(terminal: Terminal): SharedTerminal {
  return {
    ...terminal,
    beneath: terminal,
    voice: undefined,
    error(text) {
      if (this.voice) this.voice(text.replace(/\n$/, "").split("\n"));
      else terminal.error(text);
    },
  };
}

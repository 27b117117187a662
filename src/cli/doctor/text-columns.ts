import type { Terminal } from "../terminal.ts";

/** How wide running text is set: as the terminal is, and never too wide to read. */
export function textColumns(terminal: Terminal): number {
  return Math.min(terminal.outputColumns() ?? PIPED_COLUMNS, COLUMNS_MAX);
}

const PIPED_COLUMNS = 100;
const COLUMNS_MAX = 110;

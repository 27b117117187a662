import type { Terminal } from "#cli/terminal.ts";
import type { Screen } from "./screen.ts";

/** Standard error that is no terminal. */
export function textTerminal(error: (text: string) => void): Terminal {
  return {
    print: async () => undefined,
    error,
    live: false,
    colours: { error: false, output: false },
    columns: () => 80,
    rows: () => 24,
    onResize: () => ({ [Symbol.dispose]: () => undefined }),
    outputColumns: () => undefined,
    flush: async () => undefined,
  };
}

/** A screen as a program's terminal; `resize` gives it other measures and says so. */
export function screenTerminal(screen: Screen): Terminal & { resize(columns: number, rows: number): void } {
  const listeners = new Set<() => void>();
  return {
    ...textTerminal((text) => screen.write(text)),
    live: true,
    columns: () => screen.columns,
    rows: () => screen.rows,
    onResize: (listener) => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    resize: (columns, rows) => {
      screen.resize(columns, rows);
      for (const listener of listeners) listener();
    },
  };
}

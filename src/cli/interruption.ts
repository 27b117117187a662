import type { EventEmitter } from "node:events";

/** Ctrl-C, SIGTERM and SIGHUP as an abort signal. */
export interface Interruption extends Disposable {
  readonly signal: AbortSignal;
  /** 128 plus the number of the signal that came; undefined while none did. */
  readonly exitCode: number | undefined;
}

/** The first signal aborts, so that work elsewhere is stopped; a second one ends the process at once. */
export function watchForInterruption(process: EventEmitter & { exit(code: number): never }): Interruption {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const handlers = Object.entries(SIGNAL_NUMBERS).map(([name, number]) => {
    const handler = () => {
      if (exitCode !== undefined) process.exit(exitCode);
      exitCode = 128 + number;
      controller.abort(new Error(`Interrupted by ${name}`));
    };
    process.on(name, handler);
    return [name, handler] as const;
  });
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    [Symbol.dispose]: () => {
      for (const [name, handler] of handlers) process.off(name, handler);
    },
  };
}

const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

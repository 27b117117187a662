import type { EventEmitter } from "node:events";
import { ElsewhereError } from "#base/errors.ts";

/** Ctrl-C, SIGTERM and SIGHUP as an abort signal. */
export interface Interruption extends Disposable {
  readonly signal: AbortSignal;
  /** 128 plus the number of the signal that came; undefined while none did. */
  readonly exitCode: number | undefined;
  /** As Ctrl-C does. */
  interrupt(): void;
}

/** Why work was given up: a signal came. */
export class InterruptedError extends ElsewhereError {
  override readonly name = "InterruptedError";
  /** 128 plus the number of the signal. */
  readonly exitCode: number;

  constructor(signal: string, number: number) {
    super("INTERRUPTED", `Interrupted by ${signal}`);
    this.exitCode = 128 + number;
  }
}

/** The first signal aborts, so that work elsewhere is stopped; a second one ends the process at once. */
export function watchForInterruption(process: EventEmitter & { exit(code: number): never }): Interruption {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const interrupt = (name: keyof typeof SIGNAL_NUMBERS) => {
    if (exitCode !== undefined) process.exit(exitCode);
    const reason = new InterruptedError(name, SIGNAL_NUMBERS[name]);
    exitCode = reason.exitCode;
    controller.abort(reason);
  };
  const handlers = (Object.keys(SIGNAL_NUMBERS) as (keyof typeof SIGNAL_NUMBERS)[]).map((name) => {
    const handler = () => interrupt(name);
    process.on(name, handler);
    return [name, handler] as const;
  });
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    interrupt: () => interrupt("SIGINT"),
    [Symbol.dispose]: () => {
      for (const [name, handler] of handlers) process.off(name, handler);
    },
  };
}

const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

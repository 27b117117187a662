import { ElsewhereError, messageOf } from "#base/errors.ts";
import { type LogEvent, type LogSink, VERBOSITY } from "#nix/log-event.ts";
import { formatLogLine, LOG_LINE_MARK } from "#wire/internal-json/log-line.ts";
import type { Terminal } from "../terminal.ts";

/** Writes what happens as lines of Nix's internal-json to standard error. */
export function jsonLog(terminal: Terminal): LogSink {
  return (event: LogEvent) => terminal.error(`${formatLogLine(withoutEnd(event))}\n`);
}

/** A terminal whose standard error takes nothing but such lines: what else is said there becomes messages. */
export function jsonLogTerminal(terminal: Terminal): Terminal {
  const log = jsonLog(terminal);
  return {
    ...terminal,
    error: (text) => {
      for (const line of text.replace(/\n$/, "").split("\n"))
        if (line.startsWith(LOG_LINE_MARK)) terminal.error(`${line}\n`);
        else log({ kind: "message", level: VERBOSITY.info, text: line });
    },
    live: false,
    colours: { ...terminal.colours, error: false },
  };
}

/** Tells an error as Nix tells its own. */
export function reportAsJson(error: unknown, terminal: Terminal): void {
  const hint = error instanceof ElsewhereError && error.hint ? `\nhint: ${error.hint}` : "";
  const rawText = messageOf(error) + hint;
  const text = `\x1b[31;1merror:\x1b[0m ${rawText.replaceAll("\n", "\n       ")}`;
  jsonLog(terminal)({ kind: "message", level: VERBOSITY.error, text, rawText });
}

/** On the worker protocol messages have a line's end; here the line has it. */
function withoutEnd(event: LogEvent): LogEvent {
  return event.kind === "message" && event.text.endsWith("\n")
    ? { ...event, text: event.text.slice(0, -1) }
    : event;
}

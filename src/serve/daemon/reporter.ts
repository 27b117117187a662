import { ElsewhereError, messageOf } from "#base/errors.ts";
import { type LogEvent, RESULT } from "#nix/log-event.ts";
import type { WireContext } from "#wire/codec/codec.ts";
import { RemoteError } from "#wire/daemon/remote-error.ts";
import { type RemoteFailure, type ServerFrame, serverFrame } from "#wire/daemon/stderr.ts";
import type { ReplyWriter } from "../reply-writer.ts";

/** What a daemon says between a request and its reply: a frame for everything that happens meanwhile. */
export class Reporter {
  readonly #writer: ReplyWriter;
  readonly #ctx: WireContext;
  #dropped = 0;

  constructor(writer: ReplyWriter, ctx: WireContext) {
    this.#writer = writer;
    this.#ctx = ctx;
  }

  /** A sink for what a store or builder says. What a slow client leaves lying of a log is dropped, and counted. */
  readonly log = (event: LogEvent): void => {
    if (this.#writer.backlog > LOG_BACKLOG_BYTES_MAX && mayBeDropped(event)) {
      this.#dropped++;
      return;
    }
    if (this.#dropped > 0) this.#tellDropped();
    for (const said of this.#ctx.version >= ACTIVITIES_SINCE ? [event] : asMessages(event))
      this.frame({ kind: "log", event: said });
  };

  frame(frame: ServerFrame): void {
    this.#writer.write(serverFrame, frame, this.#ctx);
  }

  /** The reply follows. */
  last(): void {
    this.frame({ kind: "last" });
  }

  /** The operation has failed; no reply follows. */
  fail(error: unknown): void {
    this.frame({ kind: "error", failure: failureOf(error) });
  }

  #tellDropped(): void {
    const text = `${this.#dropped} log lines were dropped: this client reads too slowly\n`;
    this.#dropped = 0;
    this.frame({ kind: "log", event: { kind: "message", text } });
  }
}

/** An error as a client is told it, with what to do about it. */
function failureOf(error: unknown): RemoteFailure {
  if (error instanceof RemoteError) return error.failure;
  const hint = error instanceof ElsewhereError && error.hint ? `\n\nhint: ${error.hint}` : "";
  return { message: messageOf(error) + hint, level: 0, traces: [] };
}

/** A builder says what it likes, its phases too; beginnings and ends of activities are ours to say. */
function mayBeDropped({ kind }: LogEvent): boolean {
  return kind === "message" || kind === "result";
}

/** What a client that knows no activities is told instead. */
function asMessages(event: LogEvent): LogEvent[] {
  if (event.kind === "message") return [event];
  if (event.kind === "start" && event.text !== "") return [{ kind: "message", text: `${event.text}...\n` }];
  if (event.kind === "result" && event.type === RESULT.buildLogLine)
    return [{ kind: "message", text: `${event.fields[0]}\n` }];
  return [];
}

/** The first minor version with activities. */
const ACTIVITIES_SINCE = 20;
/** How many bytes may wait for a client before its log is thinned out. */
const LOG_BACKLOG_BYTES_MAX = 16 * 1024 * 1024;

import { messageOf } from "#base/errors.ts";
import { decodeText } from "#base/text.ts";
import { type LogSink, RESULT } from "#nix/log-event.ts";

export interface LogFeedOptions {
  /** Activity that the lines belong to. */
  readonly activity: number;
  readonly log: LogSink;
  /** Lines remembered for the error. */
  readonly tailLines: number;
}

/** Turns a builder's output into lines and phases, as Nix does. */
export class BuildLogFeed {
  readonly #options: LogFeedOptions;
  readonly #tail: string[] = [];
  /** Pieces of the line that has not ended. */
  #line: Buffer[] = [];
  #lineBytes = 0;
  /** Bytes of output so far. */
  size = 0;

  constructor(options: LogFeedOptions) {
    this.#options = options;
  }

  /** The last lines. */
  get tail(): readonly string[] {
    return this.#tail;
  }

  update(chunk: Uint8Array): void {
    this.size += chunk.length;
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      this.#append(bytes.subarray(from, end));
      this.#flush();
      from = end + 1;
    }
    if (from < bytes.length) this.#append(Buffer.from(bytes.subarray(from)));
  }

  /** Gives on a last line without an end. */
  end(): void {
    if (this.#lineBytes > 0) this.#flush();
  }

  /** A line without end is cut, so that memory stays bounded. */
  #append(piece: Buffer): void {
    this.#line.push(piece);
    this.#lineBytes += piece.length;
    if (this.#lineBytes > LINE_BYTES_MAX) this.#flush();
  }

  #flush(): void {
    const bytes = this.#line.length === 1 ? this.#line[0]! : Buffer.concat(this.#line);
    this.#line = [];
    this.#lineBytes = 0;
    // A carriage return takes back what the line held: only the last state of a progress bar is a line.
    const end = bytes.at(-1) === RETURN ? bytes.length - 1 : bytes.length;
    const line = decodeText(bytes.subarray(bytes.lastIndexOf(RETURN, end - 1) + 1, end));
    if (line.startsWith(STRUCTURED)) this.#structured(line.slice(STRUCTURED.length));
    else this.#plain(line);
  }

  #plain(line: string): void {
    const { activity, log, tailLines } = this.#options;
    this.#tail.push(line);
    if (this.#tail.length > tailLines) this.#tail.shift();
    log({ kind: "result", id: activity, type: RESULT.buildLogLine, fields: [line] });
  }

  /** Of what a builder may say in JSON, its phase is for us; the rest is not shown either. */
  #structured(text: string): void {
    const fault = this.#follow(text);
    if (fault === undefined) return;
    const { log } = this.#options;
    const warning = `warning: Unable to handle a JSON message from the derivation builder: ${fault}\n`;
    log({ kind: "message", text: warning });
    this.#plain(STRUCTURED + text);
  }

  /** Does what a message says; what is wrong with it when it says nothing. */
  #follow(text: string): string | undefined {
    let said: unknown;
    try {
      said = JSON.parse(text);
    } catch (error) {
      return messageOf(error);
    }
    if (typeof said !== "object" || said === null) return "it is no object";
    const { action, phase } = said as { action?: unknown; phase?: unknown };
    if (typeof action !== "string") return "its 'action' is no text";
    if (action !== "setPhase") return undefined;
    if (typeof phase !== "string") return "its 'phase' is no text";
    const { activity, log } = this.#options;
    log({ kind: "result", id: activity, type: RESULT.setPhase, fields: [phase] });
    return undefined;
  }
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const STRUCTURED = "@nix ";
/** Longest line, in bytes. */
const LINE_BYTES_MAX = 1024 * 1024;

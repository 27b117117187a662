import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { NIX32_ALPHABET } from "#nix/nix32.ts";
import { formatEvent } from "../event-json.ts";
import type { BuildEvent } from "../events.ts";
import { pruneRuns } from "./prune-runs.ts";
import { RunDoor } from "./run-door.ts";
import { type RunEnd, RunFolder, type RunHead } from "./run-folder.ts";
import { RunTally } from "./run-status.ts";

export interface JournalOptions {
  readonly stateDir: string;
  readonly now: () => number;
  /** Somebody asks the run to stop; asked again, to leave at once. */
  readonly stop: () => void;
}

/** Writes down a run while it goes on, so that others can watch it and come back to it, and says to them how far it is. */
export class RunJournal {
  readonly id: string;
  readonly #folder: RunFolder;
  readonly #events: WriteStream;
  readonly #door: RunDoor;
  readonly #now: () => number;
  readonly #tally = new RunTally();
  #isBroken = false;
  #logBytes = 0;

  private constructor(id: string, parts: { folder: RunFolder; door: RunDoor; now: () => number }) {
    this.id = id;
    this.#folder = parts.folder;
    this.#door = parts.door;
    this.#now = parts.now;
    this.#events = createWriteStream(parts.folder.events, { flags: "a" });
    // What cannot be written down is still built.
    this.#events.on("error", () => (this.#isBroken = true));
  }

  /** Begins a run; throws where the state folder cannot be written. */
  static async open(
    head: Omit<RunHead, "socket" | "startedMs">,
    { stateDir, now, stop }: JournalOptions,
  ): Promise<RunJournal> {
    await pruneRuns(stateDir);
    const folder = new RunFolder(stateDir, head.id);
    folder.make();
    const socket = folder.socketPath(head.id);
    const door = await RunDoor.open(socket, stop);
    const journal = new RunJournal(head.id, { folder, door, now });
    await once(journal.#events, "open");
    folder.writeHead({ ...head, socket, startedMs: Math.floor(now()) });
    return journal;
  }

  take(event: BuildEvent): void {
    if (this.#tally.take(event)) this.#door.tell(this.#tally.status);
    if (this.#isBroken || this.#isTooMuch(event)) return;
    this.#events.write(`${formatEvent(event)}\n`);
  }

  /** Writes down how the run ended. Events are there before it, and whoever waits at the door goes after it. */
  async end(end: Omit<RunEnd, "endedMs">): Promise<void> {
    this.#events.end();
    await finished(this.#events).catch(() => undefined);
    try {
      this.#folder.writeEnd({ ...end, endedMs: Math.floor(this.#now()) });
    } finally {
      await this.#door.close();
    }
  }

  /** Logs are kept elsewhere as a whole; here they are for who watches. */
  #isTooMuch(event: BuildEvent): boolean {
    if (event.kind !== "log-line" && event.kind !== "message") return false;
    const before = this.#logBytes;
    this.#logBytes += (event.kind === "log-line" ? event.line : event.text).length;
    if (before <= LOG_BYTES_MAX && this.#logBytes > LOG_BYTES_MAX) {
      const text = "log lines are not written down for this run any longer: there are too many";
      this.#events.write(`${formatEvent({ kind: "message", builder: "elsewhere", text })}\n`);
    }
    return this.#logBytes > LOG_BYTES_MAX;
  }
}

/** A name for a run that no other has, short enough to be typed. */
export function newRunId(): string {
  return Array.from(randomBytes(ID_LENGTH), (byte) => NIX32_ALPHABET[byte % 32]).join("");
}

const ID_LENGTH = 6;
/** Log lines of one run that are written down, in characters. */
const LOG_BYTES_MAX = 32 * 1024 * 1024;

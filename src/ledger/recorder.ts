import { randomBytes } from "node:crypto";
import { messageOf } from "#base/errors.ts";
import type { BuildEvent, BuildEventSink } from "#build/events.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { keyNameOf } from "#nix/signature.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { LedgerChange } from "./change.ts";
import type { Ledger } from "./ledger.ts";
import { LogKeeper } from "./log/log-keeper.ts";
import { thisProcess } from "./process-identity.ts";
import { pruneLedger } from "./prune-ledger.ts";
import type { Placement, RequestEnd, RequestRecord } from "./record.ts";
import { Recording, type RecordingOptions } from "./recording.ts";

export interface RecorderOptions
  extends Omit<RecordingOptions, "request">,
    Pick<RequestRecord, "principal" | "command" | "wishes" | "store"> {
  /** Holds the logs. */
  readonly stateDir: string;
  /** What the destination knows of paths that have arrived. */
  readonly describe: (paths: readonly StorePath[]) => Promise<ReadonlyMap<StorePath, PathInfo>>;
  /** Told once, when the record cannot be kept. The builds go on. */
  readonly onFault: (message: string) => void;
}

/** Writes what happens in one request into the ledger, and keeps its logs. */
export class Recorder {
  readonly request: string;
  readonly #ledger: Ledger;
  readonly #options: RecorderOptions;
  readonly #recording: Recording;
  readonly #logs: LogKeeper;
  readonly #arrivals: { event: Extract<BuildEvent, { kind: "path-ready" }>; atMs: number }[] = [];
  #waiting: LedgerChange[] = [];
  #writing: Promise<void> = Promise.resolve();
  #isBroken = false;

  constructor(ledger: Ledger, options: RecorderOptions) {
    const { principal, command, wishes, store, now } = options;
    this.#ledger = ledger;
    this.#options = options;
    this.request = `${now().toString(36)}-${randomBytes(5).toString("hex")}`;
    this.#recording = new Recording({ ...options, request: this.request });
    this.#logs = new LogKeeper(options.stateDir, (drvPath) => this.#recording.attemptOf(drvPath));
    this.#add([
      {
        kind: "request-began",
        key: this.request,
        principal,
        command: command.slice(0, COMMAND_CHARS_MAX),
        wishes,
        store,
        process: thisProcess(),
        beganMs: now(),
      },
    ]);
  }

  readonly take: BuildEventSink = (event) => {
    this.#add(this.#recording.take(event));
    this.#logs.take(event);
    if (event.kind === "path-ready") this.#arrivals.push({ event, atMs: this.#options.now() });
  };

  /** Writes the end of the request. Resolves when all of it is on disk. */
  async end(end: RequestEnd): Promise<void> {
    await this.#logs.close();
    this.#add(await this.#describeArrivals());
    this.#add(this.#recording.end(end));
    await this.#flush();
    if (!this.#isBroken) await pruneLedger(this.#ledger, this.#options).catch(() => undefined);
  }

  /** Of builds that ran on this machine, why they did. */
  get builtHere(): ReadonlyMap<StorePath, Placement> {
    return this.#recording.builtHere;
  }

  /** The numbers of this request's builds. */
  async numbers(): Promise<Map<StorePath, number>> {
    await this.#flush();
    if (this.#isBroken) return new Map();
    const builds = await this.#ledger.builds({ request: this.request, limit: BUILDS_MAX });
    return new Map(builds.map(({ drvPath, number }) => [drvPath, number]));
  }

  /** What happens in one turn of the event loop is one transaction. */
  #add(changes: readonly LedgerChange[]): void {
    if (changes.length === 0 || this.#isBroken) return;
    if (this.#waiting.length === 0) setImmediate(() => void this.#flush());
    this.#waiting.push(...changes);
  }

  #flush(): Promise<void> {
    const changes = this.#waiting;
    this.#waiting = [];
    if (changes.length === 0) return this.#writing;
    this.#writing = this.#writing.then(() => this.#write(changes));
    return this.#writing;
  }

  async #write(changes: readonly LedgerChange[]): Promise<void> {
    if (this.#isBroken) return;
    try {
      await this.#ledger.write(changes);
    } catch (error) {
      this.#isBroken = true;
      this.#options.onFault(`what is built is not recorded: ${messageOf(error)}`);
    }
  }

  /** Where the paths that were asked for came from, with what the destination says of them. */
  async #describeArrivals(): Promise<LedgerChange[]> {
    const arrived = this.#arrivals.map(({ event }) => event.path);
    const asked = new Set([...arrived, ...this.#recording.unsized]);
    const infos = asked.size === 0 ? NOTHING : await this.#options.describe([...asked]).catch(() => NOTHING);
    const sizes = Array.from(infos.values()).flatMap(({ path, narSize }) =>
      this.#recording.sizeOf(path, narSize),
    );
    const paths = this.#arrivals.map(
      ({ event: { path, origin }, atMs }): LedgerChange => ({
        kind: "path-arrived",
        request: this.request,
        path,
        origin,
        signedBy: (infos.get(path)?.signatures ?? []).map(keyNameOf),
        atMs,
      }),
    );
    return [...sizes, ...paths];
  }
}

const NOTHING: ReadonlyMap<StorePath, PathInfo> = new Map();
/** What is kept of a command line, in characters. */
const COMMAND_CHARS_MAX = 4096;
/** Above the derivations of any graph that a request has. */
const BUILDS_MAX = 1_000_000;

import { ACTIVITY, type LogField, RESULT, VERBOSITY } from "#nix/log-event.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { BuildNarrator, type NarratorOptions } from "./build-narrator.ts";
import type { BuildEvent, BuildOutcome } from "./events.ts";
import { failureReason } from "./failure-reason.ts";
import { LogTails } from "./log-tails.ts";

/** Tells a whole run as `nix build` would: what will be built, how far all of it is, each build and copy, and what failed. */
export class RunNarrator {
  readonly #options: NarratorOptions;
  readonly #builds: BuildNarrator;
  readonly #tails = new LogTails();
  readonly #totals: { readonly realise: number; readonly builds: number; readonly copies: number };
  readonly #running = new Set<StorePath>();
  readonly #copies = new Map<number, number>();
  readonly #fetches = new Set<number>();
  #planned = 0;
  #done = 0;
  #failed = 0;
  readonly #paths = { done: 0, expected: 0, bytes: 0, failed: 0 };

  constructor(options: NarratorOptions) {
    this.#options = options;
    this.#builds = new BuildNarrator(options);
    this.#totals = {
      realise: this.#open(ACTIVITY.realise),
      builds: this.#open(ACTIVITY.builds),
      copies: this.#open(ACTIVITY.copyPaths),
    };
  }

  take(event: BuildEvent): void {
    if (event.kind === "planned") this.#plan(event.builds);
    if (event.kind === "log-line") this.#tails.add(event.drvPath, event.line);
    if (event.kind === "attempt-started") this.#tails.drop(event.drvPath);
    this.#builds.take(event);
    if (this.#count(event)) this.#tellTotals();
    if (event.kind === "build-finished") this.#tellFailure(event.drvPath, event.outcome);
  }

  /** Ends every activity. */
  close(): void {
    this.#builds.close();
    const { realise, builds, copies } = this.#totals;
    for (const id of [copies, builds, realise]) this.#options.log({ kind: "stop", id });
  }

  #plan(builds: readonly StorePath[]): void {
    this.#planned = builds.length;
    if (builds.length === 0) return;
    const what = builds.length === 1 ? "this derivation" : `these ${builds.length} derivations`;
    this.#message(`${what} will be built:`);
    for (const drvPath of builds) this.#message(`  ${this.#print(drvPath)}`);
    this.#tellTotals();
  }

  /** Takes an event into the sums; whether they have changed. */
  #count(event: BuildEvent): boolean {
    switch (event.kind) {
      case "inputs-sent":
      case "build-began":
        this.#running.add(event.drvPath);
        return true;
      case "attempt-lost":
        return this.#running.delete(event.drvPath);
      case "build-finished":
        this.#running.delete(event.drvPath);
        if (event.outcome.kind === "realised") this.#done++;
        else if (event.outcome.kind !== "cancelled") this.#failed++;
        return true;
      case "copy-started":
        this.#copies.set(event.id, event.paths);
        this.#paths.expected += event.paths;
        this.#paths.bytes += event.bytes;
        return true;
      case "copy-finished":
        this.#paths.done += this.#copies.get(event.id) ?? 0;
        return this.#copies.delete(event.id);
      case "fetch-started":
        this.#fetches.add(event.id);
        this.#paths.expected++;
        this.#paths.bytes += event.bytes;
        return true;
      case "fetch-progressed":
        this.#paths.bytes += event.bytesExpected ?? 0;
        return event.bytesExpected !== undefined;
      case "fetch-finished":
        if (event.error === undefined) this.#paths.done++;
        else this.#paths.failed++;
        return this.#fetches.delete(event.id);
      default:
        return false;
    }
  }

  /** Progress is done, expected, running, failed; what is expected is the kind of activity and how much of it. */
  #tellTotals(): void {
    const { realise, builds, copies } = this.#totals;
    this.#result(builds, RESULT.progress, [this.#done, this.#planned, this.#running.size, this.#failed]);
    const { done, expected, bytes, failed } = this.#paths;
    const running = this.#copies.size + this.#fetches.size;
    this.#result(copies, RESULT.progress, [done, expected, running, failed]);
    this.#result(realise, RESULT.setExpected, [ACTIVITY.copyPath, bytes]);
  }

  #tellFailure(drvPath: StorePath, outcome: BuildOutcome): void {
    const reason = reasonOf(outcome);
    if (reason === undefined) return;
    const drv = this.#print(drvPath);
    const tail = outcome.kind === "failed" ? this.#tails.of(drvPath) : [];
    const lines = [`Cannot build '${magenta(drv)}'.`, `Reason: ${red(reason)}.`];
    if (tail.length > 0)
      lines.push(
        `Last ${tail.length} log lines:`,
        ...tail.map((line) => `> ${line}`),
        "For full logs, run:",
        `  elsewhere log ${drv}`,
      );
    const rawText = lines.join("\n");
    const text = `${red("error:")} ${rawText.replaceAll("\n", "\n       ")}`;
    this.#options.log({ kind: "message", level: VERBOSITY.error, text, rawText });
  }

  /** One of the activities that stand for the whole. */
  #open(type: number): number {
    const id = this.#options.nextId();
    this.#options.log({
      kind: "start",
      id,
      level: VERBOSITY.error,
      type,
      text: "",
      fields: [],
      parent: 0,
    });
    return id;
  }

  #result(id: number, type: number, fields: readonly LogField[]): void {
    this.#options.log({ kind: "result", id, type, fields });
  }

  #message(text: string): void {
    this.#options.log({ kind: "message", level: VERBOSITY.info, text });
  }

  #print(path: StorePath): string {
    return printStorePath(this.#options.storeDir, path);
  }
}

/** In a sentence without its full stop; undefined for what did not fail. */
function reasonOf(outcome: BuildOutcome): string | undefined {
  switch (outcome.kind) {
    case "failed":
      return failureReason(outcome.message).replace(/\.$/, "");
    case "given-up":
      return outcome.message.replace(/\.$/, "");
    case "dependency-failed":
      return "1 dependency failed";
    case "realised":
    case "cancelled":
      return undefined;
  }
}

/** Nix colours its messages wherever they go. */
function red(text: string): string {
  return `\x1b[31;1m${text}\x1b[0m`;
}

function magenta(text: string): string {
  return `\x1b[35;1m${text}\x1b[0m`;
}

import { formatBytes } from "#base/format-bytes.ts";
import type { BuildEvent, BuildOutcome } from "#build/events.ts";
import { failureReason } from "#build/failure-reason.ts";
import { saysWhatIsKept } from "#build/kept-folder.ts";
import { TAIL_LINES } from "#build/log-tails.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Style } from "../style.ts";
import { count, formatDuration, shortName, tame } from "./words.ts";

export interface LineOptions {
  readonly style: Style;
  readonly colours: boolean;
  /** Show every line of every log (`-L`). */
  readonly logs: boolean;
  /** What is under way is shown elsewhere: only ends are told. */
  readonly endsOnly: boolean;
  /** Names with their hashes, copies, and what builders say. */
  readonly verbose: boolean;
  /** The last lines of a build's log. */
  readonly tailOf: (drvPath: StorePath) => readonly string[];
  /** The path as a person can type it again. */
  readonly print: (path: StorePath) => string;
}

/** What a person reads of one event; nothing for most. */
export function linesOf(event: BuildEvent, options: LineOptions): readonly string[] {
  const { style, colours, verbose } = options;
  if (options.endsOnly && BEGINNINGS.has(event.kind)) return [];
  switch (event.kind) {
    case "planned":
      return event.builds.length === 0 ? [] : [`${count(event.builds.length, "derivation")} to build`];
    case "attempt-started":
      return event.together > 1 ? [] : [began(event, options, event.attempt)];
    case "build-began":
      return event.together ? [began(event, options, 1)] : [];
    case "build-finished":
      return ended(event.drvPath, event.outcome, options);
    case "attempt-lost":
      return [
        style.warn(`lost ${shortName(event.drvPath)} on ${event.builder}: ${firstLine(event.message)}`),
      ];
    case "builder-down":
      return [style.warn(`no use of ${event.builder}: ${firstLine(event.message)}`)];
    case "log-line":
      return options.logs
        ? [`${style.dim(`${shortName(event.drvPath)}>`)} ${tame(event.line, { colours })}`]
        : [];
    case "copy-started":
      return verbose || event.bytes >= NOTABLE_BYTES
        ? [
            style.dim(
              `copying ${count(event.paths, "path")} (${formatBytes(event.bytes)}) from ${event.from} to ${event.to}${event.route === "direct" ? "" : " through here"}`,
            ),
          ]
        : [];
    case "fetch-started":
      return verbose || event.bytes >= NOTABLE_BYTES
        ? [
            style.dim(
              `fetching ${shortName(event.path)}${event.bytes > 0 ? ` (${formatBytes(event.bytes)})` : ""} from ${event.from} into ${event.to}`,
            ),
          ]
        : [];
    case "fetch-finished":
      return event.error === undefined ? [] : [style.warn(`did not come whole: ${firstLine(event.error)}`)];
    case "output-suspect":
      return [`${style.warn("warning:")} ${tame(event.message, { colours })}`];
    case "message":
      if (event.isWarning) return [`${style.warn("warning:")} ${event.builder}: ${event.text}`];
      return verbose || saysWhatIsKept(event.text)
        ? [style.dim(`${event.builder}: ${tame(event.text.trimEnd(), { colours })}`)]
        : [];
    default:
      return [];
  }
}

function began(
  { drvPath, builder }: { drvPath: StorePath; builder: string },
  { style, verbose, print }: LineOptions,
  attempt: number,
): string {
  const name = verbose ? print(drvPath) : shortName(drvPath);
  const again = attempt > 1 ? `, attempt ${attempt}` : "";
  return `building ${style.bold(name)} on ${builder}${again}`;
}

function ended(drvPath: StorePath, outcome: BuildOutcome, options: LineOptions): readonly string[] {
  const { style, print, colours, tailOf } = options;
  const name = shortName(drvPath);
  switch (outcome.kind) {
    case "realised":
      return [
        `${style.good(PAST[outcome.how])} ${style.bold(name)} on ${outcome.builder} ${style.dim(formatDuration(outcome.durationMs))}`,
      ];
    case "failed": {
      const tail = options.logs ? [] : tailOf(drvPath).slice(-TAIL_LINES);
      const said = tail.length > 0 ? [`last ${count(tail.length, "log line")}:`] : [];
      return [
        `${style.bad("failed")} ${style.bold(name)} on ${outcome.builder}: ${failureReason(outcome.message)}`,
        ...said,
        ...tail.map((line) => `  ${style.dim(">")} ${tame(line, { colours })}`),
        ...(tailOf(drvPath).length > 0 ? [`  see all of it with: elsewhere log ${print(drvPath)}`] : []),
      ];
    }
    case "dependency-failed":
      return [`${style.warn("not begun:")} ${name} needs ${shortName(outcome.because)}, which failed`];
    case "given-up":
      return [
        `${style.bad("not built:")} ${style.bold(name)}: ${outcome.message}`,
        ...(outcome.hint ? [`${style.good(" hint:")} ${outcome.hint}`] : []),
      ];
    case "cancelled":
      return [];
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}

const BEGINNINGS: ReadonlySet<BuildEvent["kind"]> = new Set([
  "attempt-started",
  "build-began",
  "copy-started",
  "fetch-started",
]);
const PAST = { built: "built", substituted: "substituted", "already-there": "found" } as const;
/** Copies below this are not worth a line of their own. */
const NOTABLE_BYTES = 16 * 1024 * 1024;

import { formatBytes } from "#base/format-bytes.ts";
import type { BuilderPage } from "#build/engine/site/builder-book.ts";
import type { BuilderTraits } from "#schedule/requirement.ts";
import { count, formatDuration, formatElapsed, shortName } from "../progress/words.ts";
import type { Style } from "../style.ts";
import { formatTable } from "../table.ts";
import type { BuilderStatus } from "./builder-status.ts";

export interface BuilderTableOptions {
  readonly nowMs: number;
  readonly style: Style;
  /** Width of the terminal; absent where nothing is to be cut. */
  readonly columns?: number | undefined;
}

/** A line for each builder, then what there is to say of some of them. */
export function builderTable(builders: readonly BuilderStatus[], options: BuilderTableOptions): string {
  const head = ["builder", "state", "load", "speed", "memory", "disk", "systems", "features"];
  const table = formatTable(head, builders.map(rowOf), options.columns);
  const notes = builders.flatMap((builder) => notesOf(builder, options));
  return notes.length > 0 ? `${table}\n${notes.map((note) => `${note}\n`).join("")}` : table;
}

function rowOf({ site: { traits }, answer, page, slotsTaken }: BuilderStatus): string[] {
  return [
    traits.name,
    stateOf(answer, page),
    `${slotsTaken}/${traits.maxJobs}`,
    page.speed ? `${traits.speedFactor}, is ${page.speed.factor.toFixed(1)}` : String(traits.speedFactor),
    shareOf(page.machine?.freeMemoryBytes, page.machine?.memoryBytes),
    page.machine?.freeDiskBytes === undefined ? "-" : formatBytes(page.machine.freeDiskBytes),
    systemsOf(traits, page),
    featuresOf(traits, page),
  ];
}

function stateOf(answer: BuilderStatus["answer"], { drained }: BuilderPage): string {
  if (!answer.reachable) return drained ? "DOWN, drained" : "DOWN";
  const state = drained ? "drained" : "up";
  return answer.version ? `${state}, ${answer.version}` : state;
}

/** `3.1/16 GiB`. */
function shareOf(free: number | undefined, all: number | undefined): string {
  if (free === undefined || all === undefined) return "-";
  const [part, whole] = [formatBytes(free), formatBytes(all)];
  const isOneUnit = part.split(" ")[1] === whole.split(" ")[1];
  return `${isOneUnit ? part.split(" ")[0] : part}/${whole}`;
}

/** A system that is emulated there has `~` after it, one that the last probe could not build for has `!`. */
function systemsOf({ systems }: BuilderTraits, { probes }: BuilderPage): string {
  return systems
    .map((system) => {
      const probe = probes.get(system);
      if (probe && !probe.passed) return `${system}!`;
      return probe?.emulated ? `${system}~` : system;
    })
    .join(",");
}

function featuresOf(
  { supportedFeatures, mandatoryFeatures }: BuilderTraits,
  { probes }: BuilderPage,
): string {
  const noKvm = [...probes.values()].some(({ kvmUsable }) => kvmUsable === false);
  const supported = supportedFeatures.map((feature) =>
    feature === "kvm" && noKvm ? "kvm (unusable)" : feature,
  );
  return [...supported, ...mandatoryFeatures.map((feature) => `${feature}!`)].join(",") || "-";
}

function notesOf(builder: BuilderStatus, { nowMs, style }: BuilderTableOptions): string[] {
  const { site, answer, page, running } = builder;
  const name = style.bold(site.traits.name);
  const ago = (ms: number) => `${formatDuration(Math.max(0, nowMs - ms))} ago`;
  const notes: string[] = [];
  if (!answer.reachable) notes.push(`${name}: ${style.bad(answer.error)}`);
  else if (answer.trusted === false) notes.push(`${name} does not trust you: it takes no unsigned inputs`);
  if (page.drained) notes.push(`${name} was drained by ${page.drained.by}, ${ago(page.drained.sinceMs)}`);
  for (const [system, probe] of page.probes) {
    if (probe.message !== undefined)
      notes.push(
        `${name}: the probe for ${system}, ${ago(probe.atMs)}: ${style.warn(firstLine(probe.message))}`,
      );
    else if (probe.emulated) notes.push(`${name} is ${probe.machine} and builds for ${system} by emulation`);
  }
  const { lastFailure } = page;
  if (answer.reachable && lastFailure)
    notes.push(`${name}: last failure ${ago(lastFailure.atMs)}: ${firstLine(lastFailure.message)}`);
  if (running.length > 0) notes.push(`${name} runs ${runningWords(builder, nowMs)}`);
  return notes;
}

/** `hello-2.12 (build 12, 3 s), …`. */
function runningWords({ running }: BuilderStatus, nowMs: number): string {
  const shown = running
    .slice(0, RUNNING_SHOWN)
    .map(
      ({ number, drvPath, sinceMs }) =>
        `${shortName(drvPath)} (build ${number}, ${formatElapsed(nowMs - sinceMs)})`,
    );
  const left = running.length - shown.length;
  return [...shown, ...(left > 0 ? [`and ${count(left, "other")}`] : [])].join(", ");
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}

const RUNNING_SHOWN = 4;

import type { Clock } from "#base/clock.ts";
import { messageOf } from "#base/errors.ts";
import type { BuilderBook, MachineFacts, ProbeFinding } from "../engine/site/builder-book.ts";
import { type BuildSite, type ConnectedSite, keyOf } from "../engine/site/site.ts";
import { plain } from "../engine/verdict/verdict.ts";
import { probe } from "./probe.ts";
import { isNative, type ProbeReport } from "./probe-report.ts";

export interface ProbeBuilderOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly book: BuilderBook;
  /** A word that no probe had before. */
  readonly nonce: () => string;
}

/** Really builds something for every system that a builder claims, and writes into the book what was found. By system. */
export async function probeBuilder(
  site: BuildSite,
  connected: ConnectedSite,
  options: ProbeBuilderOptions,
): Promise<Map<string, ProbeFinding>> {
  const { book, clock } = options;
  const key = keyOf(site);
  const findings = new Map<string, ProbeFinding>();
  let facts: MachineFacts | undefined;
  for (const system of site.traits.systems) {
    const { finding, report } = await probeSystem(site, connected, { ...options, system });
    findings.set(system, finding);
    book.noteProbe(key, system, finding);
    // Not every system's programs can tell all of it.
    if (report) facts = { ...facts, ...factsOf(report, clock.now()) };
  }
  if (facts) book.noteMachine(key, facts);
  return findings;
}

interface Asked extends ProbeBuilderOptions {
  readonly system: string;
}

async function probeSystem(
  site: BuildSite,
  connected: ConnectedSite,
  asked: Asked,
): Promise<{ finding: ProbeFinding; report?: ProbeReport }> {
  const { mandatoryFeatures, supportedFeatures } = site.traits;
  const first = await probeWith(connected, mandatoryFeatures, asked);
  const claimsKvm = supportedFeatures.includes("kvm") && !mandatoryFeatures.includes("kvm");
  if (!claimsKvm || !first.finding.passed || first.finding.emulated) return first;
  const second = await probeWith(connected, [...mandatoryFeatures, "kvm"].sort(), asked);
  const kvmUsable = second.report?.kvmUsable === true;
  const refused = second.finding.passed ? undefined : second.finding.message;
  const message = kvmUsable ? undefined : `it claims kvm: ${refused ?? "/dev/kvm cannot be opened there"}`;
  return { ...first, finding: { ...first.finding, kvmUsable, ...(message !== undefined && { message }) } };
}

async function probeWith(
  connected: ConnectedSite,
  features: readonly string[],
  { system, clock, signal, nonce }: Asked,
): Promise<{ finding: ProbeFinding; report?: ProbeReport }> {
  const fail = (message: string) => ({ finding: { atMs: clock.now(), passed: false, message } });
  try {
    const outcome = await probe(connected, { system, features, nonce: nonce(), clock, signal });
    if (outcome.kind === "failed") return fail(inOneLine(outcome.message) || outcome.status);
    const { report, durationMs } = outcome;
    const native = isNative(report, system);
    const runs = report.machine !== "";
    const finding: ProbeFinding = {
      atMs: clock.now(),
      passed: runs,
      durationMs,
      ...(report.kernel !== undefined && { machine: report.kernel }),
      ...(native !== undefined && { emulated: !native }),
      ...(report.kvmUsable !== undefined && { kvmUsable: report.kvmUsable }),
      ...(!runs && {
        message: `it is ${report.kernel ?? "another machine"} and runs no programs for ${system}`,
      }),
    };
    return { finding, report };
  } catch (error) {
    signal.throwIfAborted();
    return fail(inOneLine(messageOf(error)));
  }
}

/** What a builder says, without the derivation that it says it of. */
function inOneLine(message: string): string {
  const reason = plain(message).replace(/^Cannot build '[^']*'\.\s*Reason: /, "");
  return reason.trim().replace(/\s*\n\s*/g, "; ");
}

function factsOf(report: ProbeReport, atMs: number): MachineFacts {
  const { cores, memoryBytes, freeMemoryBytes, freeDiskBytes } = report;
  return {
    atMs,
    ...(cores !== undefined && { cores }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(freeMemoryBytes !== undefined && { freeMemoryBytes }),
    ...(freeDiskBytes !== undefined && { freeDiskBytes }),
  };
}

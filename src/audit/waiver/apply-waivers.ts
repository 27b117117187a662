import type { AuditReport, Edge, Finding } from "../report/report.ts";
import { formatWaiver, type Waiver } from "./parse-waivers.ts";

/** A report with what was let through marked, and the waivers that nothing needed. */
export function applyWaivers(
  report: AuditReport,
  waivers: readonly Waiver[],
): { readonly report: AuditReport; readonly unused: readonly Waiver[] } {
  if (waivers.length === 0) return { report, unused: [] };
  const matchers = waivers.map((waiver) => ({ waiver, matches: matcherOf(waiver) }));
  const used = new Set<Waiver>();
  const find = (finding: Finding, place: Place) => {
    const found = matchers.find(({ matches }) => matches(finding, place))?.waiver;
    if (found) used.add(found);
    return found;
  };
  const findings = report.findings.map((finding) => waive(finding, (place) => find(finding, place)));
  return { report: { ...report, findings }, unused: waivers.filter((waiver) => !used.has(waiver)) };
}

/** What a waiver is held against. */
interface Place {
  readonly consumer: string;
  readonly input: string | undefined;
  readonly file: string | undefined;
}

/** Takes out the edges that are waived; where none is left, the finding is. */
function waive(finding: Finding, find: (place: Place) => Waiver | undefined): Finding {
  if (finding.edges.length === 0) return marked(finding, find(placeOfFinding(finding)));
  const waivers = finding.edges.map((edge) => find(placeOfEdge(edge)));
  const left = finding.edges.filter((_, index) => waivers[index] === undefined);
  return left.length > 0 ? { ...finding, edges: left } : marked(finding, waivers[0]);
}

function marked(finding: Finding, waiver: Waiver | undefined): Finding {
  return waiver ? { ...finding, waived: { pattern: formatWaiver(waiver), reason: waiver.reason } } : finding;
}

function placeOfEdge({ consumer, input, file }: Edge): Place {
  return { consumer: consumer.name, input: input.name, file: file?.slice(consumer.name.length + 1) };
}

function placeOfFinding({ route, file }: Finding): Place {
  return { consumer: route.at(-1)?.name ?? "", input: undefined, file };
}

function matcherOf({ rule, consumer, input, file }: Waiver): (finding: Finding, place: Place) => boolean {
  const patterns = { consumer: globOf(consumer), input: globOf(input), file: globOf(file) };
  return (finding, place) =>
    (rule === undefined || rule === finding.rule) &&
    patterns.consumer(place.consumer) &&
    patterns.input(place.input) &&
    patterns.file(place.file);
}

/** No pattern takes anything. */
function globOf(pattern: string | undefined): (text: string | undefined) => boolean {
  if (pattern === undefined) return () => true;
  const pieces = pattern.split("*");
  return (text) => text !== undefined && matchesPieces(text, pieces);
}

/** Whether `text` is the pieces with anything between: by searching on, so that no pattern takes long. */
function matchesPieces(text: string, pieces: readonly string[]): boolean {
  const [first, ...rest] = pieces;
  if (rest.length === 0) return text === first;
  const last = rest.pop()!;
  if (!text.startsWith(first!)) return false;
  let at = first!.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

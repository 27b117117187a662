import { RULES, type Rule, type Severity } from "../rule.ts";
import type { AuditReport, Edge, Finding, Step } from "./report.ts";

/** A report as SARIF 2.1.0, which code hosts and editors show. `version` is this program's. */
export function reportToSarif({ findings }: AuditReport, version: string): unknown {
  const rules = [...new Set(findings.map(({ rule }) => rule))].sort();
  return {
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "elsewhere audit", version, rules: rules.map(ruleOf) } },
        columnKind: "utf16CodeUnits",
        results: findings.map((finding) => resultOf(finding, rules)),
      },
    ],
  };
}

function ruleOf(rule: Rule): unknown {
  return { id: rule, shortDescription: { text: `${RULES[rule]}.` } };
}

function resultOf(finding: Finding, rules: readonly Rule[]): unknown {
  const { rule, severity, message, why, advice, route, edges, waived } = finding;
  const [culprit, ...others] = edges;
  const place = culprit?.consumer ?? route.at(-1);
  return {
    ruleId: rule,
    ruleIndex: rules.indexOf(rule),
    level: LEVELS[severity],
    message: { text: `${message}. ${why} ${advice}` },
    ...(place && { locations: [locationOf(place)] }),
    ...(others.length > 0 && { relatedLocations: others.slice(0, RELATED_MAX).map(relatedOf) }),
    codeFlows: [
      { threadFlows: [{ locations: route.map((step) => ({ location: locationOf(step, step.platform) })) }] },
    ],
    partialFingerprints: { "crossing/v1": fingerprintOf(finding) },
    ...(waived && { suppressions: [{ kind: "external", justification: waived.reason }] }),
  };
}

function relatedOf({ consumer, how }: Edge, index: number): unknown {
  return { id: index, ...locationOf(consumer, how) };
}

function locationOf({ path, name, option }: Step, message?: string): { readonly [key: string]: unknown } {
  return {
    physicalLocation: { artifactLocation: { uri: `file://${encodeURI(path)}` } },
    logicalLocations: [{ name, fullyQualifiedName: option ?? name, kind: "module" }],
    ...(message !== undefined && { message: { text: message } }),
  };
}

/** The same for the same mistake after an update: names without hashes and versions. */
function fingerprintOf({ rule, edges, route }: Finding): string {
  const last = route.at(-1);
  const names = edges[0] ? [edges[0].consumer.name, edges[0].input.name] : last ? [last.name] : [];
  return [rule, ...names.map((name) => name.replace(/-\d.*$/, ""))].join(" ");
}

const LEVELS: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", note: "note" };
const RELATED_MAX = 1000;

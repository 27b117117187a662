import type { AuditReport, Edge, Finding, Intended, Step } from "#audit/report/report.ts";
import { RULES, type Severity } from "#audit/rule.ts";
import { fit } from "../progress/width.ts";
import type { Style } from "../style.ts";
import { wrapQuoting } from "../wrap.ts";

export interface AuditTextOptions {
  readonly style: Style;
  /** Width to keep to; absent: as wide as it comes. */
  readonly columns: number | undefined;
  /** Show every finding and every place, and what is as it should be. */
  readonly all: boolean;
}

/** The findings for a person to read; nothing where there are none. */
export function auditText(
  { findings, intended, size, kind }: AuditReport,
  options: AuditTextOptions,
): string {
  const open = findings.filter(({ waived }) => waived === undefined);
  const shown = options.all ? findings : open.slice(0, FINDINGS_MAX);
  const blocks = shown.map((finding) => findingText(finding, { ...options, size, unit: UNITS[kind] }));
  const rest = open.length - shown.length;
  if (rest > 0)
    blocks.push(`${options.style.dim(`… and ${plural(rest, "finding")} more (--all shows them)`)}\n`);
  if (options.all) blocks.push(...intended.map((one) => noteText(one, options)));
  return blocks.join("\n");
}

function noteText({ rule, count, examples }: Intended, options: AuditTextOptions): string {
  const pairs = examples.map(({ consumer, input }) => `${consumer} with ${input}`);
  const rest = count - examples.length;
  const more = rest > 0 ? ` and ${counted(rest)} more` : "";
  const text = `${RULES[rule]}: ${pairs.join(", ")}${more} [${rule}]`;
  return `${options.style.dim("note:")} ${wrapQuoting(text, widthOf(options) - NOTE_INDENT.length, NOTE_INDENT)}\n`;
}

/** One sentence that says what was looked at and what came of it. */
export function auditSummary({
  findings,
  intended,
  size,
  kind,
  platforms,
  files,
  guessed,
}: AuditReport): string {
  const count = (severity: Severity) =>
    findings.filter((one) => one.severity === severity && one.waived === undefined).length;
  const found = [
    ...(count("error") > 0 ? [plural(count("error"), "error")] : []),
    ...(count("warning") > 0 ? [plural(count("warning"), "warning")] : []),
  ];
  const waived = findings.filter(({ waived }) => waived !== undefined).length;
  const notes = intended.reduce((sum, one) => sum + one.count, 0);
  const looked = `${plural(size, UNITS[kind])}${files === undefined ? "" : `, ${plural(files, "file")}`}`;
  const parts = [...platforms]
    .slice(0, PLATFORMS_MAX)
    .map(([platform, many]) => `${platform} ${counted(many)}`);
  return [
    found.length > 0 ? found.join(", ") : "no mistake",
    ...(waived > 0 ? [`${counted(waived)} waived`] : []),
    ...(notes > 0 ? [`${plural(notes, "crossing")} as ${notes === 1 ? "it" : "they"} should be`] : []),
  ]
    .join(", ")
    .concat(` in ${looked} (${parts.join(", ")})`)
    .concat(
      guessed ? `; ${counted(guessed)} judged by what they hold, since their derivations are not here` : "",
    );
}

interface FindingOptions extends AuditTextOptions {
  readonly size: number;
  readonly unit: string;
}

function findingText(finding: Finding, options: FindingOptions): string {
  const { style, all } = options;
  const width = widthOf(options);
  const { severity, message, rule, route, edges, spoiled, why, advice, waived } = finding;
  const label = waived ? "waived" : severity;
  const indent = " ".repeat(label.length + 2);
  const said = wrapQuoting(`${message} [${rule}]`, width - indent.length, indent);
  const lines = [
    `${waived ? style.dim(`${label}:`) : PAINT[severity](style)(`${label}:`)} ${style.bold(said)}`,
    "",
  ];
  lines.push(...routeLines(route, options), "");
  const fact = (name: string, text: string) =>
    lines.push(`  ${style.dim(name.padEnd(6))}${wrapQuoting(text, width - FACT_INDENT.length, FACT_INDENT)}`);
  const [culprit, ...others] = edges;
  if (waived) fact("waived", `${waived.reason} (${waived.pattern})`);
  if (culprit)
    fact("how", `${culprit.file ?? culprit.consumer.name} ${culprit.how}; ${affected(spoiled, options)}`);
  else fact("how", affected(spoiled, options));
  if (others.length > 0) fact("also", listOthers(others, all));
  fact("why", why);
  fact("cure", advice);
  return `${lines.join("\n")}\n`;
}

function affected(spoiled: number, { size, unit }: FindingOptions): string {
  return `${counted(spoiled)} of ${plural(size, unit)} ${spoiled === 1 ? "needs" : "need"} it`;
}

function listOthers(others: readonly Edge[], all: boolean): string {
  const names = [
    ...new Set(
      others.map(({ consumer, how, file }) => (all ? `${file ?? consumer.name} ${how}` : consumer.name)),
    ),
  ];
  const shown = all ? names : names.slice(0, OTHERS_MAX);
  const rest = names.length - shown.length;
  return shown.join(", ") + (rest > 0 ? ` and ${counted(rest)} more (--all)` : "");
}

/** The way from the root, a step a line; where it is long, its middle is left out. */
function routeLines(route: readonly Step[], options: FindingOptions): string[] {
  const { style, all } = options;
  const steps: (Step | number)[] =
    all || route.length <= ROUTE_MAX
      ? [...route]
      : [...route.slice(0, 2), route.length - ROUTE_MAX + 1, ...route.slice(3 - ROUTE_MAX)];
  const names = steps.map((step, depth) => {
    const arrow = depth === 0 ? "" : `${"  ".repeat(depth - 1)}└─ `;
    return `${arrow}${typeof step === "number" ? `… ${plural(step, "more step")}` : step.name}`;
  });
  const width = widthOf(options) - 2;
  const platforms = steps.map((step) => (typeof step === "number" ? "" : step.platform));
  const right = Math.max(...platforms.map((platform) => platform.length));
  const left = Math.min(Math.max(...names.map((name) => name.length)), Math.max(NAME_MIN, width - right - 2));
  const last = platforms.at(-1);
  return steps.map((step, index) => {
    const name = fit(names[index]!, left).padEnd(left);
    const platform = platforms[index]!.padEnd(right);
    const option = typeof step === "number" ? undefined : step.option;
    const shownOption = option && left + right + option.length + 4 <= width ? `  ${style.dim(option)}` : "";
    const isLast = index === steps.length - 1;
    const mark = isLast ? style.bad : platforms[index] === last ? style.warn : style.dim;
    return `  ${isLast ? style.bad(name) : name}  ${mark(platform)}${shownOption}`.trimEnd();
  });
}

function widthOf({ columns }: Pick<AuditTextOptions, "columns">): number {
  return columns === undefined ? Number.MAX_SAFE_INTEGER : Math.max(columns, COLUMNS_MIN);
}

function plural(number: number, noun: string): string {
  return `${counted(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** With commas between the thousands. */
function counted(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

const PAINT: Readonly<Record<Severity, (style: Style) => (text: string) => string>> = {
  error: (style) => style.bad,
  warning: (style) => style.warn,
  note: (style) => style.dim,
};

const UNITS = { graph: "derivation", closure: "path" } as const;
const NOTE_INDENT = "      ";
const FACT_INDENT = "        ";
const FINDINGS_MAX = 10;
const OTHERS_MAX = 6;
const ROUTE_MAX = 9;
const PLATFORMS_MAX = 5;
const NAME_MIN = 20;
const COLUMNS_MIN = 40;

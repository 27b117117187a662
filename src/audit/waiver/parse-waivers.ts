import { parse } from "smol-toml";
import { ElsewhereError, messageOf } from "#base/errors.ts";
import { isRule, RULES, type Rule } from "../rule.ts";

/** A finding that somebody let through, and why. Texts are patterns in which `*` stands for anything. */
export interface Waiver {
  readonly rule: Rule | undefined;
  /** Name of what takes something in, such as `hydra-perl-deps`. */
  readonly consumer: string | undefined;
  /** Name of what is taken in, such as `nix-*`. */
  readonly input: string | undefined;
  /** A file below the consumer's store path, such as `bin/*`. */
  readonly file: string | undefined;
  readonly reason: string;
}

/** Reads a file of waivers: TOML, a `[[waiver]]` for each. `name` names it in errors. */
export function parseWaivers(text: string, name: string): Waiver[] {
  let table: unknown;
  try {
    table = parse(text);
  } catch (cause) {
    throw new ElsewhereError("MALFORMED_WAIVERS", `Cannot read waivers from '${name}': ${messageOf(cause)}`, {
      cause,
    });
  }
  const entries = (table as { waiver?: unknown }).waiver ?? [];
  const others = Object.keys(table as object).filter((key) => key !== "waiver");
  if (others.length > 0 || !Array.isArray(entries))
    throw fault(
      name,
      others.length > 0 ? `it has '${others[0]}'` : "'waiver' is no list",
      "write [[waiver]] for each",
    );
  return entries.map((entry, index) => waiverOf(entry, `waiver ${index + 1} of '${name}'`));
}

/** What a waiver lets through, as one text: `foreign-member hydra-perl-deps takes nix-*`. */
export function formatWaiver({ rule, consumer, input, file }: Waiver): string {
  const parts = { rule, consumer, input, file };
  return Object.entries(parts)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key} = "${value}"`]))
    .join(", ");
}

function waiverOf(entry: unknown, what: string): Waiver {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry))
    throw fault(what, "it is no table", HINT);
  const fields = entry as Record<string, unknown>;
  const unknown = Object.keys(fields).find((key) => !KNOWN.has(key));
  if (unknown !== undefined) throw fault(what, `'${unknown}' is not known`, HINT);
  const text = (key: string): string | undefined => {
    const value = fields[key];
    if (value === undefined) return undefined;
    if (typeof value === "string" && value !== "") return value;
    throw fault(what, `'${key}' must be a text`, HINT);
  };
  const reason = text("reason");
  if (reason === undefined) throw fault(what, "it has no reason", "say in 'reason' why it is right");
  const rule = text("rule");
  if (rule !== undefined && !isRule(rule))
    throw fault(what, `there is no rule '${rule}'`, `rules are ${Object.keys(RULES).join(", ")}`);
  const waiver = { rule, consumer: text("consumer"), input: text("input"), file: text("file"), reason };
  if (waiver.consumer === undefined && waiver.input === undefined)
    throw fault(what, "it would let everything through", "name the consumer, the input, or both");
  return waiver;
}

function fault(what: string, why: string, hint: string): ElsewhereError {
  return new ElsewhereError("MALFORMED_WAIVERS", `Cannot use ${what}: ${why}`, { hint });
}

const KNOWN: ReadonlySet<string> = new Set(["rule", "consumer", "input", "file", "reason"]);
const HINT = "a waiver has consumer, input, file, rule and reason";

import { unreachable } from "#base/errors.ts";
import { kinship, type Platform } from "../platform.ts";
import type { Rule, Severity } from "../rule.ts";
import { isCarriedAsData } from "./image-name.ts";
import type { Role } from "./role.ts";

/** One side of an edge: a derivation by its name, what builds it, what it is for. */
export interface Side {
  readonly name: string;
  readonly system: Platform;
  readonly target: Platform;
}

export interface Judgement {
  readonly rule: Rule;
  readonly severity: Severity;
}

/**
 * What it means that `consumer`, which is built by one system, takes an output of `input`, which is built by another.
 * `runsBoth`: whether the machine that the whole graph is for runs programs of both as its own.
 */
export function judge(
  consumer: Side,
  input: Side,
  { role, runsBoth }: { role: Role; runsBoth: boolean },
): Judgement {
  const machine = role === "run" ? consumer.system : consumer.target;
  const kin = kinship(machine, input.target);
  switch (kin) {
    case "same":
    case "native":
      return note(input.target !== input.system || consumer.target !== consumer.system ? "cross" : "native");
    case "bare":
      return note("bare");
    case "translated":
      return role === "packed" || role === "source"
        ? note("image")
        : { rule: "translated", severity: "warning" };
    case "foreign-cpu":
      return runsBoth ? note("native") : judgeForeign(consumer, input, role);
    case "foreign-os":
      return judgeForeign(consumer, input, role);
    default:
      return unreachable(kin);
  }
}

function judgeForeign(consumer: Side, input: Side, role: Role): Judgement {
  const rule = RULE_OF_ROLE[role];
  if (role === "run" || role === "linked") return { rule, severity: "error" };
  if (role === "listed") return note("listed");
  // Nothing of Linux has a use for what runs on a Mac alone.
  if (input.target.os === "darwin" && consumer.target.os !== "darwin") return { rule, severity: "error" };
  if (role === "packed" || isCarriedAsData(consumer.name, input.name)) return note("image");
  if (role === "source") return { rule, severity: "warning" };
  if (consumer.target.os === "darwin" && input.target.os === "linux")
    return role === "member" ? { rule, severity: "warning" } : note("guest");
  return { rule, severity: "error" };
}

function note(rule: Rule): Judgement {
  return { rule, severity: "note" };
}

const RULE_OF_ROLE: Readonly<Record<Role, Rule>> = {
  run: "foreign-program",
  linked: "foreign-library",
  member: "foreign-member",
  written: "foreign-reference",
  unsaid: "foreign-reference",
  packed: "image",
  source: "foreign-source",
  listed: "listed",
};

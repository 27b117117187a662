import type { Rule, Severity } from "../rule.ts";

/** What an audit found, whatever it looked at: every output of the command is made of this. */
export interface AuditReport {
  readonly kind: "graph" | "closure";
  /** Full store paths that were asked for. */
  readonly roots: readonly string[];
  /** Derivations, or store paths, that were looked at. */
  readonly size: number;
  /** Platform to how many are of it, the most numerous first. */
  readonly platforms: ReadonlyMap<string, number>;
  /** The weightiest first. */
  readonly findings: readonly Finding[];
  /** Crossings that are as they should be, by rule. */
  readonly intended: readonly Intended[];
  /** Files that were looked into, of a closure. */
  readonly files?: number;
  /** Paths of a closure of which nobody says what made them: what most of them hold, or of what they refer to, tells. */
  readonly guessed?: number;
}

/** One mistake. */
export interface Finding {
  readonly rule: Rule;
  readonly severity: Severity;
  /** A sentence that says all. */
  readonly message: string;
  /** From a root to what came in, shortest. */
  readonly route: readonly Step[];
  /** Everything that takes it, the culprit first. */
  readonly edges: readonly Edge[];
  /** Below the store path at the route's end, the file that is of another platform. */
  readonly file?: string;
  /** Derivations, or paths, that need it, by way of others or not. */
  readonly spoiled: number;
  /** What comes of it. */
  readonly why: string;
  /** What to change, as far as names tell. */
  readonly advice: string;
  /** Why it was let through. */
  readonly waived?: { readonly pattern: string; readonly reason: string };
}

/** A derivation or store path on the way to a fault. */
export interface Step {
  /** Full store path. */
  readonly path: string;
  readonly name: string;
  readonly platform: string;
  /** The option of a configuration that makes it, where its name tells: `systemd.services.sshd`. */
  readonly option?: string;
}

/** Something of one platform that takes something of another. */
export interface Edge {
  readonly consumer: Step;
  readonly input: Step;
  /** Output names of the input. */
  readonly outputs: readonly string[];
  /** How it is taken, in words: `in buildInputs`. */
  readonly how: string;
  readonly severity: Severity;
  /** Of the consumer, the file that does it. */
  readonly file?: string;
}

export interface Intended {
  readonly rule: Rule;
  readonly count: number;
  /** Some of them: consumer and input. */
  readonly examples: readonly { readonly consumer: string; readonly input: string }[];
}

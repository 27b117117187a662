import type { Cure } from "../cure.ts";

/** A message that people meet, and what it means. Texts may hold `$<name>` for the pattern's named groups. */
export interface KnownMessage {
  /** Stable. */
  readonly id: string;
  readonly pattern: RegExp;
  readonly cause: string;
  readonly cure: Cure;
  /** Says only that something failed; what that was stands beside it. */
  readonly wraps?: true;
}

import type { Finding } from "./finding.ts";

/** One link of a chain, and how to look at it. */
export interface Check<Subject> {
  /** Its name, as it is shown; unique in its chain. */
  readonly link: string;
  /** Links without which there is nothing to look at. They stand earlier in the chain. */
  readonly needs?: readonly string[];
  /** What throws could not be looked at. */
  look(subject: Subject): Promise<Look> | Look;
}

/** What a look showed. */
export type Look =
  | { readonly kind: "seen"; readonly said: string; readonly findings: readonly Finding[] }
  /** It could not be found out. */
  | { readonly kind: "unseen"; readonly why: string }
  /** There is nothing of the kind here. */
  | { readonly kind: "absent" };

export const ABSENT: Look = { kind: "absent" };

/** In order, as far as the findings do not say otherwise. */
export function seen(said: string, findings: readonly (Finding | undefined)[] = []): Look {
  return { kind: "seen", said, findings: findings.filter((finding) => finding !== undefined) };
}

/** One finding, and what it says in few words. */
export function found(said: string, finding: Finding): Look {
  return { kind: "seen", said, findings: [finding] };
}

export function unseen(why: string): Look {
  return { kind: "unseen", why };
}

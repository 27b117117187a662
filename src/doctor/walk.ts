import { messageOf } from "#base/errors.ts";
import type { Check, Look } from "./check.ts";
import type { Finding } from "./finding.ts";
import { plainLine } from "./plain-text.ts";

export type LinkState = "proven" | "note" | "warning" | "fault" | "unseen" | "skipped";

/** A link as it was found. */
export interface Link {
  readonly link: string;
  readonly state: LinkState;
  readonly said: string;
  readonly findings: readonly Finding[];
}

/** Told of each link as soon as it and all before it are known. */
export type OnLink = (link: Link) => void;

/**
 * Looks at every link of a chain, each as soon as those that it needs have been looked at. What needs a broken
 * link is skipped, so that one fault is told of once. Links that are not there are left out.
 */
export async function walk<Subject>(
  checks: readonly Check<Subject>[],
  subject: Subject,
  onLink: OnLink = () => undefined,
): Promise<Link[]> {
  const looking = new Map<string, Promise<Link | undefined>>();
  for (const check of checks) looking.set(check.link, lookAt(check, subject, looking));
  const links: Link[] = [];
  for (const look of looking.values()) {
    const link = await look;
    if (!link) continue;
    links.push(link);
    onLink(link);
  }
  return links;
}

async function lookAt<Subject>(
  check: Check<Subject>,
  subject: Subject,
  looking: ReadonlyMap<string, Promise<Link | undefined>>,
): Promise<Link | undefined> {
  const { link, needs = [] } = check;
  for (const need of needs) {
    const state = (await looking.get(need))?.state;
    if (state !== undefined && BROKEN.has(state))
      return { link, state: "skipped", said: `not looked at: first comes '${need}'`, findings: [] };
  }
  return linkOf(link, await attempt(check, subject));
}

async function attempt<Subject>(check: Check<Subject>, subject: Subject): Promise<Look> {
  try {
    return await check.look(subject);
  } catch (error) {
    return { kind: "unseen", why: messageOf(error).split("\n", 1)[0]! };
  }
}

function linkOf(link: string, look: Look): Link | undefined {
  if (look.kind === "absent") return undefined;
  if (look.kind === "unseen") return { link, state: "unseen", said: plainLine(look.why), findings: [] };
  const said = plainLine(look.said);
  const findings = look.findings.map((finding) => ({ ...finding, seen: plainLine(finding.seen) }));
  const worst = (["fault", "warning", "note"] as const).find((severity) =>
    findings.some((finding) => finding.severity === severity),
  );
  return { link, state: worst ?? "proven", said, findings };
}

const BROKEN: ReadonlySet<LinkState> = new Set(["fault", "skipped", "unseen"]);

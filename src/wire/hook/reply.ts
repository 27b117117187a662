import { MalformedError, unreachable } from "#base/errors.ts";

/** What a hook says of a build that it was asked about. Source: Nix, `tryBuildHook`. */
export type HookReply =
  /** It does the build, on the machine of that name. */
  | { readonly kind: "accept"; readonly machine: string }
  /** Nix shall do it, or say that nobody can. */
  | { readonly kind: "decline" }
  /** As `decline`, and Nix need not ask again in this run. */
  | { readonly kind: "decline-permanently" }
  /** Ask again later: Nix does so every five seconds. */
  | { readonly kind: "postpone" };

/** The lines of a reply, which go to the standard error of the hook. */
export function formatHookReply(reply: HookReply): string {
  switch (reply.kind) {
    case "accept":
      return `# accept\n${oneLine(reply.machine)}\n`;
    case "decline":
    case "decline-permanently":
    case "postpone":
      return `# ${reply.kind}\n`;
    default:
      return unreachable(reply);
  }
}

/** Reads a reply as Nix does: what comes before a line that begins with `# ` is for the user to read. */
export function parseHookReply(said: string): { readonly reply: HookReply; readonly before: string } {
  const lines = said.split("\n");
  const at = lines.findIndex((line) => line.startsWith(MARK));
  const kind = at < 0 ? undefined : lines[at]!.slice(MARK.length);
  const before = lines
    .slice(0, at)
    .map((line) => `${line}\n`)
    .join("");
  switch (kind) {
    case "decline":
    case "decline-permanently":
    case "postpone":
      return { reply: { kind }, before };
    case "accept": {
      const machine = lines[at + 1];
      // The last piece has no end of line: it is not whole yet.
      if (machine === undefined || at + 2 >= lines.length)
        throw new MalformedError("reply of a build hook", said, "no line with the machine follows");
      return { reply: { kind, machine }, before };
    }
    default:
      throw new MalformedError("reply of a build hook", said);
  }
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, " ");
}

const MARK = "# ";

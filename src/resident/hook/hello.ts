import { MalformedError } from "#base/errors.ts";
import { decodeText } from "#base/text.ts";

/** What a hook's process says first: how Nix's pipes are reached, and where it was started. */
export interface Hello {
  readonly verbosity: number;
  /** Files to open: what Nix says, what the user is told, and what the build says. */
  readonly input: string;
  readonly output: string;
  readonly log: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Whether all of it is there: an empty field ends it. */
export function isWholeHello(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes.at(-1) === 0 && bytes.at(-2) === 0;
}

/** Reads fields with a zero byte after each: a mark, the verbosity, three files, variables as `NAME=value`. */
export function parseHello(bytes: Uint8Array): Hello {
  const text = decodeText(bytes);
  const [mark, verbosity, input, output, log, ...variables] = text.split("\0").slice(0, -2);
  if (mark !== HELLO_MARK) throw new MalformedError("greeting of a hook", text, `want '${HELLO_MARK}' first`);
  if (!input?.startsWith("/") || !output?.startsWith("/") || !log?.startsWith("/"))
    throw new MalformedError("greeting of a hook", text, "want three absolute paths");
  if (!/^\d{1,3}$/.test(verbosity!)) throw new MalformedError("greeting of a hook", text, "want a verbosity");
  const env = variables.map((entry): [string, string] => {
    const cut = entry.indexOf("=");
    if (cut < 1) throw new MalformedError("greeting of a hook", text, `'${entry}' is no variable`);
    return [entry.slice(0, cut), entry.slice(cut + 1)];
  });
  // What is empty was not set: the script does not tell them apart.
  const set = env.filter(([, value]) => value !== "");
  return { verbosity: Number(verbosity), input, output, log, env: Object.fromEntries(set) };
}

/** Changes with the form of what follows it. */
export const HELLO_MARK = "elsewhere-hook 1";
/** Of a greeting. */
export const HELLO_BYTES_MAX = 256 * 1024;

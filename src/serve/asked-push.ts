import { ElsewhereError } from "#base/errors.ts";
import { formatStoreReference, parseStoreReference } from "#nix/store-reference.ts";
import { splitShellWords } from "#transport/shell-words.ts";

/** A client's wish that this machine send paths of its store to another one. */
export interface AskedPush {
  readonly to: string;
  /** `--store`: another store than the server's own. */
  readonly store: string | undefined;
  /** As the client wrote them. */
  readonly paths: readonly string[];
  /** Whether it says on standard input what it wants sent, one request after the other. */
  readonly requests: boolean;
}

/** The wish in the command of an ssh client; undefined where it is another command. Throws on what it may not ask. */
export function parseAskedPush(command: string): AskedPush | undefined {
  const [program = "", verb, ...args] = splitShellWords(command);
  if (program.slice(program.lastIndexOf("/") + 1) !== "elsewhere" || verb !== "copy") return undefined;
  const paths: string[] = [];
  let requests = false;
  let [to, store]: (string | undefined)[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === "--to") to = args[++at];
    else if (arg === "--store") store = args[++at];
    else if (!arg.startsWith("-")) paths.push(arg);
    else if (arg === REQUESTS) requests = true;
    else if (!SWITCHES.has(arg)) throw refusal(`'${arg}' is not allowed in it`);
  }
  if (to === undefined || paths.length > 0 === requests) throw refusal("it does not say what to send where");
  return { to, store, paths, requests };
}

/**
 * Throws unless `to` is one of the stores that the key's line allows, parameter for parameter: sending goes by this
 * user's own keys, and a parameter could name a program to be run on the other machine.
 */
export function checkPushAllowed({ to }: AskedPush, allowed: readonly string[]): void {
  const asked = normal(to);
  if (allowed.some((uri) => normal(uri) === asked)) return;
  throw new ElsewhereError("REFUSED", `Cannot send paths to '${to}': this key does not allow it`, {
    hint: `Let the key's line on this builder say 'elsewhere serve --allow-push ${to}'`,
  });
}

function normal(uri: string): string {
  const reference = parseStoreReference(uri);
  const params = new Map([...reference.params].sort(([a], [b]) => (a < b ? -1 : 1)));
  return formatStoreReference({ ...reference, params });
}

function refusal(why: string): ElsewhereError {
  return new ElsewhereError("REFUSED", `Cannot copy for a client: ${why}`);
}

const REQUESTS = "--requests";
/** What a client says to have exactly what it names sent, as it is. */
const SWITCHES: ReadonlySet<string> = new Set(["--quiet", "--no-recursive", "--no-check-sigs"]);

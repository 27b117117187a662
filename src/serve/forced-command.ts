import { ElsewhereError } from "#base/errors.ts";
import { parseStoreReference } from "#nix/store-reference.ts";
import { splitShellWords } from "#transport/shell-words.ts";

/** What a client asks a server to be, by the command that it runs. */
export interface AskedService {
  readonly protocol: "daemon" | "serve";
  /** For the serve protocol: whether paths may be added and built. */
  readonly write: boolean;
  /** `--store`: another store than the server's own. */
  readonly store: string | undefined;
  /** A client may ask for less trust than it has, never for more. */
  readonly untrusted: boolean;
}

/**
 * What the command of an ssh client asks for, where `sshd` runs us instead of it (`SSH_ORIGINAL_COMMAND`):
 * `nix-daemon --stdio`, `nix-store --serve --write` or `elsewhere serve …`. Throws on any other.
 */
export function parseAskedService(command: string): AskedService {
  const words = splitShellWords(command);
  const flags = new Flags(command, argumentsOf(command, words));
  const asked = flags.read();
  if (!asked) throw refusal(command);
  return asked;
}

/**
 * Whether a store is the one below a folder and nothing else: no relay, which would use this user's keys, and no
 * parameter that makes another folder the store, where a collection would delete what it finds.
 */
export function isPlainFolder(uri: string): boolean {
  const { scheme, authority, params } = parseStoreReference(uri);
  const root = authority || params.get("root");
  const plain = [...params.keys()].every((name) => name === "root" || name === "system-features");
  return scheme === "local" && plain && root?.startsWith("/") === true;
}

/** The words after the program, and after the name of the subcommand that serves. */
function argumentsOf(command: string, [program = "", ...args]: readonly string[]): readonly string[] {
  switch (program.slice(program.lastIndexOf("/") + 1)) {
    case "nix-daemon":
      return args;
    case "nix-store":
      if (args.includes("--serve")) return args;
      throw refusal(command);
    case "nix":
      if (args[0] === "daemon") return args.slice(1);
      throw refusal(command);
    case "elsewhere":
      return args[0] === "serve" ? args.slice(1) : args;
    default:
      throw refusal(command);
  }
}

class Flags {
  readonly #command: string;
  readonly #args: readonly string[];

  constructor(command: string, args: readonly string[]) {
    this.#command = command;
    this.#args = args;
  }

  read(): AskedService | undefined {
    const seen = new Set<string>();
    let store: string | undefined;
    for (let i = 0; i < this.#args.length; i++) {
      const arg = this.#args[i]!;
      if (arg === "--store") store = this.#args[++i];
      else if (arg.startsWith("--store=")) store = arg.slice("--store=".length);
      else if (SWITCHES.has(arg)) seen.add(arg);
      else throw refusal(this.#command, `'${arg}' is not allowed in it`);
    }
    const untrusted = seen.has("--force-untrusted");
    if (seen.has("--stdio")) return { protocol: "daemon", write: true, store, untrusted };
    if (seen.has("--serve")) return { protocol: "serve", write: seen.has("--write"), store, untrusted };
    return undefined;
  }
}

function refusal(command: string, why = "it is no command of Nix's protocols"): ElsewhereError {
  return new ElsewhereError("REFUSED", `Cannot run '${command}': ${why}`, {
    hint: "This key may run 'nix-daemon --stdio', 'nix-store --serve --write' and 'elsewhere serve'; use it for ssh-ng:// and ssh:// stores",
  });
}

const SWITCHES: ReadonlySet<string> = new Set([
  "--stdio",
  "--serve",
  "--write",
  "--force-untrusted",
  "--process-ops",
  "-v",
  "-vv",
  "-vvv",
]);

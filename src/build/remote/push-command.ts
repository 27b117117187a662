import { basename, dirname } from "node:path";
import type { StoreReference } from "#nix/store-reference.ts";

/** What is known of a builder that shall send. */
export interface PushingBuilder {
  /** Its entry in the machines file. */
  readonly reference: StoreReference;
  /** As it greeted us. */
  readonly version: string | undefined;
}

export interface PushWords {
  /** The receiving store, as the builder would name it. */
  readonly to: string;
  /** Printed store paths, each after what it refers to. */
  readonly paths: readonly string[];
}

/**
 * The commands, to be run one after the other on a builder reached by ssh, that send paths from its store to another. Where
 * it was reached through `elsewhere` that is what sends; otherwise it is Nix. What is asked for by name alone may find a
 * forced command instead of a shell, as Elsewhere's builders have it: then the words go as they are.
 */
export function pushCommands(builder: PushingBuilder, { to, paths }: PushWords): string[][] {
  const { words, hasShell } = sender(builder);
  return inChunks(paths).map((chunk) => {
    const command = [...words, "--to", to, ...chunk];
    return hasShell ? ["sh", "-c", WATCHED, "sh", ...command] : command;
  });
}

function sender({ reference, version }: PushingBuilder): { words: string[]; hasShell: boolean } {
  const { params } = reference;
  const program = (params.get("remote-program") ?? "").split(/\s+/).filter((word) => word !== "");
  const name = basename(program[0] ?? "");
  const store = params.get("remote-store");
  if (name === "elsewhere") {
    const own = storeOf(program) ?? store;
    return { words: [program[0]!, ...ELSEWHERE, ...(own ? ["--store", own] : [])], hasShell: true };
  }
  if (version?.startsWith("Elsewhere"))
    return { words: ["elsewhere", ...ELSEWHERE, ...(store ? ["--store", store] : [])], hasShell: false };
  const nix = program[0]?.includes("/") ? `${dirname(program[0])}/nix` : "nix";
  return { words: [nix, ...NIX, ...(store ? ["--from", store] : [])], hasShell: true };
}

/** The store that `elsewhere serve` was told to serve. */
function storeOf(program: readonly string[]): string | undefined {
  const at = program.indexOf("--store");
  return at < 0
    ? program.find((word) => word.startsWith("--store="))?.slice("--store=".length)
    : program[at + 1];
}

/** A shell takes all words of a command as one argument, which has a limit. */
function inChunks(paths: readonly string[]): string[][] {
  const chunks: string[][] = [];
  let chars = COMMAND_CHARS_MAX;
  for (const path of paths) {
    chars += path.length + 1;
    if (chars > COMMAND_CHARS_MAX) {
      chunks.push([]);
      chars = path.length + 1;
    }
    chunks.at(-1)!.push(path);
  }
  return chunks;
}

const ELSEWHERE = ["copy", "--quiet", "--no-recursive", "--no-check-sigs"];
const NIX = [
  "--extra-experimental-features",
  "nix-command",
  "copy",
  "--no-recursive",
  "--no-check-sigs",
  "--quiet",
];
/** Linux takes 128 KiB in one argument. */
const COMMAND_CHARS_MAX = 64 * 1024;
/** How long the other builder may take to answer, in seconds: short, for there is another way. */
const CONNECT_TIMEOUT_S = 5;

/** Runs its arguments until they end or our side hangs up, with an ssh that asks nobody and does not wait for long. */
const WATCHED = `NIX_SSHOPTS="-oBatchMode=yes -oConnectTimeout=${CONNECT_TIMEOUT_S} -oServerAliveInterval=15 -oServerAliveCountMax=4 $NIX_SSHOPTS"
export NIX_SSHOPTS
exec 3<&0
"$@" </dev/null 3<&- & sent=$!
{ read -r _ <&3; kill $sent; } >/dev/null 2>&1 & watch=$!
wait $sent; code=$?
kill $watch 2>/dev/null
exit $code`;

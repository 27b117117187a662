import { SET_PATIENT_SSH } from "./patient-ssh.ts";
import type { ElsewhereSender, Sender } from "./sender.ts";

export interface PushWords {
  /** The receiving store, as the builder would name it. */
  readonly to: string;
  /** Printed store paths, each after what it refers to. */
  readonly paths: readonly string[];
}

/** The commands, to be run one after the other on a builder reached by ssh, that send paths from its store to another. */
export function pushCommands(sender: Sender, { to, paths }: PushWords): string[][] {
  const words = sender.kind === "stock" ? [sender.nix, ...NIX] : [sender.program, ...ELSEWHERE];
  const from = sender.store === undefined ? [] : [STORE_FLAG[sender.kind], sender.store];
  const hasShell = sender.kind === "stock" || sender.hasShell;
  return inChunks(paths).map((chunk) => {
    const command = [...words, ...from, "--to", to, ...chunk];
    return hasShell ? ["sh", "-c", WATCHED, "sh", ...command] : command;
  });
}

/** The command by which a builder that runs Elsewhere sends one request after the other, as it reads them. */
export function requestCommand({ program, store, hasShell }: ElsewhereSender, to: string): string[] {
  const from = store === undefined ? [] : ["--store", store];
  const command = [program, ...ELSEWHERE, ...from, "--to", to, "--requests"];
  return hasShell ? ["sh", "-c", `${SET_PATIENT_SSH}; exec "$@"`, "sh", ...command] : command;
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
const STORE_FLAG = { stock: "--from", elsewhere: "--store" };
/** Linux takes 128 KiB in one argument. */
const COMMAND_CHARS_MAX = 64 * 1024;

/** Runs its arguments until they end or our side hangs up. */
const WATCHED = `${SET_PATIENT_SSH}
exec 3<&0
"$@" </dev/null 3<&- & sent=$!
{ read -r _ <&3; kill $sent; } >/dev/null 2>&1 & watch=$!
wait $sent; code=$?
kill $watch 2>/dev/null
exit $code`;

import { MalformedError } from "#base/errors.ts";
import { parseSshAuthority, type StoreReference } from "#nix/store-reference.ts";
import { remoteCommandOf } from "#store/remote-command.ts";
import { quoteShellWord } from "#transport/shell-words.ts";
import { PATIENT_SSH } from "./patient-ssh.ts";
import type { StockSender } from "./sender.ts";

/**
 * What is run on a builder that has a shell and Nix, so that it says to another store what we tell it to. Standard input has a
 * line for each thing to do, in their order; standard output is what the other store answers.
 *
 * | line | what is done |
 * |---|---|
 * | `ask TEXT` | the bytes go to the builder's own `nix-store --serve` |
 * | `drop COUNT` | so many bytes of what that answers are thrown away |
 * | `say TEXT` | the bytes go to the other store |
 * | `put COUNT` | so many bytes of what the builder's own store answers go to the other store |
 *
 * A text is a format of `printf` in which nothing is special but octal escapes. All ends with standard input, and as soon as
 * either store is gone.
 */
export function dictationCommand({ nixStore, store }: StockSender, to: StoreReference): string[] {
  return ["sh", "-c", SCRIPT, "sh", nixStore, store ?? "", ...sshWords(to)];
}

/** What follows `ssh` and its options, on the builder. */
function sshWords(to: StoreReference): string[] {
  const { user, host, port } = parseSshAuthority(to.authority);
  const key = to.params.get("ssh-key");
  const hostKey = to.params.get("base64-ssh-public-host-key");
  return [
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...(key ? ["-i", key] : []),
    ...(hostKey ? knownHostWords(hostKey) : []),
    ...(to.params.get("compress") === "true" ? ["-C"] : []),
    "--",
    user === undefined ? host : `${user}@${host}`,
    ...remoteCommandOf(to).map(quoteShellWord),
  ];
}

/** The only key that the other host may have, without a file for it. */
function knownHostWords(encoded: string): string[] {
  const [, key] =
    /^([a-z0-9@.-]+ [A-Za-z0-9+/=]+)/.exec(Buffer.from(encoded, "base64").toString("latin1")) ?? [];
  if (key === undefined)
    throw new MalformedError("public host key", encoded, "want the base64 of a line 'ssh-ed25519 AAAA…'");
  return ["-oUserKnownHostsFile=/dev/null", `-oKnownHostsCommand=/usr/bin/env echo %H ${key}`];
}

/**
 * The pipes have names only until they are open. The stores' processes end by the end of their input, and take the shell with
 * them when they end before, but not before the pipes are open: whoever opens one waits for the other end.
 */
const SCRIPT = `own=$1 store=$2; shift 2
pipes=$(mktemp -d) && mkfifo "$pipes/asked" "$pipes/nars" "$pipes/said" || exit
over() { while [ -e "$pipes" ] && kill -0 $$; do sleep 1; done; kill $$; }
{ "$own" --serve \${store:+--store "$store"} <"$pipes/asked" >"$pipes/nars"; over; } &
{ ssh -x -T ${PATIENT_SSH.join(" ")} $NIX_SSHOPTS "$@" <"$pipes/said"; over; } &
exec 5>"$pipes/asked" 6<"$pipes/nars" 7>"$pipes/said"
rm -r "$pipes"
while read -r what text; do
  case $what in
    ask) printf "$text" >&5 ;;
    drop) dd bs="$text" count=1 iflag=fullblock <&6 >/dev/null 2>&1 ;;
    say) printf "$text" >&7 ;;
    put) dd bs="$text" count=1 iflag=fullblock <&6 >&7 2>/dev/null ;;
  esac || exit
done
trap '' TERM
exec 5>&- 6<&- 7>&-
wait`;

import { cure } from "../cure.ts";
import type { KnownMessage } from "./known-message.ts";

const PROFILE_PROGRAM = "ssh-ng://USER@HOST?remote-program=/nix/var/nix/profiles/default/bin/nix-daemon";

/** What goes wrong between a connection and the first operation. Sources: Nix 2.8 to 2.34, `ssh-store.cc`, `legacy-ssh-store.cc`, `remote-store.cc`. */
export const GREETING: readonly KnownMessage[] = [
  {
    id: "got-started",
    pattern: /protocol mismatch,? (?:from '[^']*', )?got 'started'|got 'started'/,
    cause:
      "Nix lets ssh say 'started' by a LocalCommand when the connection stands. Where the connection is shared (ControlMaster in your or root's ssh configuration), that word comes into the stream of the protocol",
    cure: cure(
      "Switch sharing off for the builder, in the ssh_config of the daemon's user",
      "Host HOST",
      "  ControlMaster no",
      "  ControlPath none",
    ),
  },
  {
    id: "nologin",
    pattern: /This account is (?:currently )?not available|nologin/,
    cause:
      "The builder's account has nologin or false for a shell. sshd runs every command, a forced one too, by the account's shell, so it is this text that comes instead of the protocol",
    cure: cure(
      "Give the account a shell; a forced command in authorized_keys keeps it from being used for anything else",
      "sudo usermod --shell /bin/sh USER",
      'restrict,command="nix-daemon --stdio" ssh-ed25519 AAAA…',
    ),
  },
  {
    id: "protocol-mismatch",
    pattern:
      /protocol mismatch(?: from '(?<host>[^']*)')?,? got '(?<found>[^']*)|instead of the protocol came '(?<other>[^']*)/,
    cause:
      "Something on the builder prints before the server speaks: `echo` in .bashrc, .zshenv or /etc/profile, a message of the day, a login that is refused in words, or a remote-program that is no Nix",
    cure: cure(
      "`ssh HOST true` must print nothing. Print in shell start-up files only where the shell is interactive",
      "ssh USER@HOST true | od -c | head",
      "case $- in *i*) ;; *) return ;; esac",
    ),
  },
  {
    id: "serialised-integer",
    pattern: /seriali[sz]ed integer (?<number>\d+) is too large/,
    cause:
      "Nix read a text where a number should be: the builder's shell printed something (a greeting, 'This account is not available', an error such as 'command not found') into the protocol. The number is its first eight letters",
    cure: cure("`ssh HOST true` must print nothing", "ssh USER@HOST true | od -c | head"),
  },
  {
    id: "remote-nix-missing",
    pattern:
      /(?:nix-store|nix-daemon|nix|elsewhere): (?:command )?not found|command not found: (?:nix-store|nix-daemon)|nix-(?:store|daemon): No such file/,
    cause:
      "The builder has no Nix on the PATH of a shell that is not a login shell: it is not installed, or only ~/.profile or /etc/profile.d puts it there, which ssh's commands do not read",
    cure: cure(
      "Name the program in the URI, or link it into a folder that is on every PATH",
      PROFILE_PROGRAM,
      "sudo ln -s /nix/var/nix/profiles/default/bin/nix-{daemon,store} /usr/local/bin/",
    ),
  },
  {
    id: "remote-store-previously-failed",
    wraps: true,
    pattern: /opening a connection to remote store '(?<store>[^']+)' previously failed/,
    cause:
      "The first attempt to reach $<store> failed, and why was said then, farther up; this line only says that it is not tried again",
    cure: cure("Read the first error, or ask again", "nix store info --store '$<store>'"),
  },
  {
    id: "cannot-open-remote-store",
    wraps: true,
    pattern: /cannot open connection to remote store '(?<store>[^']+)'/,
    cause:
      "Connected, and the other end hung up or said something else than the protocol: no nix-daemon there, a shell that prints, a refused login, or a daemon that is down",
    cure: cure(
      "See what the other end says when it is started by hand",
      "ssh USER@HOST nix-daemon --stdio </dev/null | head -c 100 | od -c",
      "elsewhere doctor",
    ),
  },
  {
    id: "unexpected-eof",
    wraps: true,
    pattern: /unexpected end-of-file|unexpected EOF reading a line/,
    cause:
      "The other end closed the connection in the middle: its Nix was not found or crashed, it refused the user (allowed-users), ran out of memory, or ssh was not let in at all and said so elsewhere",
    cure: cure(
      "Start the other end by hand and read what it says; then look at its daemon's log",
      "ssh USER@HOST nix-daemon --stdio </dev/null",
      "ssh HOST journalctl -u nix-daemon -n 50",
    ),
  },
  {
    id: "daemon-disconnected",
    pattern: /[Nn]ix daemon disconnected unexpectedly/,
    cause:
      "The Nix daemon ended while it was asked something: it was restarted, crashed, or was killed for want of memory",
    cure: cure(
      "Look at its log; if it crashes again and again, upgrade Nix",
      "journalctl -u nix-daemon -n 100",
      "sudo systemctl restart nix-daemon",
    ),
  },
  {
    id: "daemon-socket",
    pattern: /cannot connect to (?:the daemon )?socket(?: at)? '(?<socket>[^']+)'/,
    cause: "The Nix daemon is not running on that machine: nothing listens on $<socket>",
    cure: cure(
      "Start it",
      "sudo systemctl enable --now nix-daemon.socket nix-daemon",
      "sudo launchctl kickstart -k system/org.nixos.nix-daemon",
    ),
  },
  {
    id: "store-not-writable",
    pattern: /'\/nix\/var\/nix\/[^']{1,200}': Permission denied/,
    cause:
      "A user who may not write the store opened it directly, since there is no daemon's socket on that machine",
    cure: cure("Start the daemon there", "sudo systemctl enable --now nix-daemon.socket"),
  },
  {
    id: "protocol-too-old",
    pattern:
      /Nix (?:daemon|client|server) (?:protocol )?version (?:is too old|not supported)|unsupported '?nix-store --serve'? protocol version|protocol 1\.\d+.{0,200}too old/,
    cause: "The two Nix versions have no protocol in common: one of them is too old for the other",
    cure: cure("Upgrade the older one", "nix --version", "ssh USER@HOST nix --version"),
  },
  {
    id: "remote-command-denied",
    pattern:
      /^(?:\S{1,200} )?(?:line \d+: |\d+: )?\/\S{1,200}: Permission denied$|exec: .{0,200}: Permission denied/m,
    cause: "A program on the builder may not be run by the user who logs in, or the file is not executable",
    cure: cure(
      "Look at the file and its folders as that user",
      "ssh USER@HOST 'ls -l $(command -v nix-daemon)'",
    ),
  },
  {
    id: "store-scheme",
    pattern: /don't know how to open Nix store '(?<store>[^']+)'/,
    cause:
      "'$<store>' is no store URI that Nix knows: builders are ssh-ng://HOST or ssh://HOST; http:// is a binary cache's and cannot build",
    cure: cure("Write the builder's URI as ssh-ng://USER@HOST"),
  },
];

import { cure } from "../cure.ts";
import type { KnownMessage } from "./known-message.ts";

/** Who may do what, and whose signatures count. Sources: Nix 2.8 to 2.34, `daemon.cc`, `local-store.cc`, `settings`. */
export const TRUSTING: readonly KnownMessage[] = [
  {
    id: "not-privileged",
    pattern: /you are not privileged to (?<what>[a-z -]+)/,
    cause:
      "The builder's daemon does not trust the user that ssh logs in as, and only who is trusted may $<what>. A trusted user can do on that machine what root can",
    cure: cure(
      "Add the user to `trusted-users` in the builder's nix.conf and restart its daemon",
      "trusted-users = root USER",
      "sudo systemctl restart nix-daemon",
    ),
  },
  {
    id: "not-allowed",
    pattern: /user '(?<user>[^']+)' is not allowed to connect to the Nix daemon/,
    cause: "The daemon's `allowed-users` leaves $<user> out",
    cure: cure(
      "Add the user to that machine's nix.conf and restart its daemon",
      "allowed-users = @wheel $<user>",
    ),
  },
  {
    id: "no-signature",
    pattern: /lacks a (?:valid )?signature|lacks a signature by a trusted key/,
    cause:
      "A store path came from somebody who is not trusted and has no signature by a key that the receiver knows: what you built yourself has none",
    cure: cure(
      "Sign what you send and make the key known to the receiver, or let the receiver trust the user",
      "nix key generate-secret --key-name $(hostname)-1 > /etc/nix/secret-key",
      "secret-key-files = /etc/nix/secret-key",
      "trusted-public-keys = cache.nixos.org-1:… NAME-1:…",
    ),
  },
  {
    id: "restricted-setting",
    pattern:
      /ignoring the (?:client-specified|user-specified|client-specified restricted) setting '(?<setting>[^']+)'/,
    cause:
      "You are not a trusted user of the daemon here, so it drops your `$<setting>`, be it from the command line, NIX_CONFIG or ~/.config/nix/nix.conf. For `builders` this says itself at -v only",
    cure: cure(
      "Set it in /etc/nix/nix.conf, or become trusted there; then restart the daemon",
      "trusted-users = root $USER",
      "sudo systemctl restart nix-daemon",
    ),
  },
  {
    id: "untrusted-substituter",
    pattern: /ignoring untrusted substituter '(?<url>[^']+)'/,
    cause:
      "You are not a trusted user of the daemon here, and $<url> is not one of its `trusted-substituters`",
    cure: cure("Allow it in /etc/nix/nix.conf", "trusted-substituters = $<url>"),
  },
  {
    id: "untrusted-flake-setting",
    pattern: /ignoring untrusted flake configuration setting '(?<setting>[^']+)'/,
    cause: "A flake wants to set $<setting>, and you did not allow it to",
    cure: cure("Allow it once", "nix build --accept-flake-config …"),
  },
  {
    id: "unknown-setting",
    pattern: /unknown setting '(?<setting>[^']+)'/,
    cause:
      "Nix does not know a setting `$<setting>`: it is misspelt, of another version, or of a plugin that is not loaded. It does nothing",
    cure: cure("See how it is called", "nix config show | less"),
  },
  {
    id: "experimental-feature",
    pattern: /experimental (?:Nix )?feature '(?<feature>[^']+)' is disabled/,
    cause: "A command or derivation needs '$<feature>', which is not switched on, here or on the builder",
    cure: cure(
      "Switch it on in the nix.conf of the machine that says so",
      "extra-experimental-features = $<feature>",
    ),
  },
];

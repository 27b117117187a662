import { cure } from "../cure.ts";
import type { KnownMessage } from "./known-message.ts";

/** What binary caches and their lack lead to. Sources: Nix 2.8 to 2.34, `filetransfer.cc`, `binary-cache-store.cc`; curl. */
export const SUBSTITUTING: readonly KnownMessage[] = [
  {
    id: "cache-not-found",
    pattern: /'?(?<url>https?:\/\/[^' ]+)'? does not appear to be a binary cache/,
    cause: "$<url> answers, and has no nix-cache-info: the URL is not the cache's own, or it is private",
    cure: cure(
      "Open the cache's nix-cache-info, and correct `substituters`",
      "curl -sS $<url>/nix-cache-info",
    ),
  },
  {
    id: "cache-store-dir",
    pattern: /binary cache '(?<url>[^']+)' is for Nix stores with prefix '(?<prefix>[^']+)'/,
    cause:
      "The cache $<url> holds paths of $<prefix>, another store folder than the one here: none of them can be used",
    cure: cure("Take it out of `substituters`"),
  },
  {
    id: "cache-denied",
    pattern: /HTTP error (?<status>401|403)/,
    cause:
      "A binary cache wants to know who asks (HTTP $<status>), and the daemon's netrc says nothing or something wrong",
    cure: cure("Write the credentials where the daemon reads them", "netrc-file = /etc/nix/netrc"),
  },
  {
    id: "cache-tls",
    pattern: /SSL certificate problem|SSL peer certificate|Problem with the SSL CA cert/,
    cause:
      "The cache's certificate cannot be checked: no certificates are installed, a proxy puts its own in between, or the clock is wrong",
    cure: cure(
      "Name the certificates to the daemon, and look at the clock",
      "ssl-cert-file = /etc/ssl/certs/ca-certificates.crt",
      "date -u",
    ),
  },
  {
    id: "cache-unreachable",
    pattern:
      /unable to download '(?<url>[^']+)'|unable to query information about .{0,200} on '(?<other>[^']+)'|error: cannot (?:reach|connect to) (?:the )?(?:binary cache|substituter)/,
    cause:
      "A binary cache does not answer, from the machine that says so. Nix tries it five times before it builds instead, and only with `fallback`",
    cure: cure(
      "Try it from that machine; take it out, or let Nix build instead",
      "curl -sSI $<url>",
      "fallback = true",
      "connect-timeout = 5",
    ),
  },
  {
    id: "substitutes-failed",
    pattern: /some substitutes for the outputs of derivation '(?<drv>[^']+)' failed/,
    cause: "A cache said that it has the outputs of $<drv>, and then did not deliver them",
    cure: cure("Build instead, or try again", "nix build --fallback …"),
  },
];

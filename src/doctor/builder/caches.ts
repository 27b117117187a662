import { ABSENT, type Check, seen } from "../check.ts";
import { cure } from "../cure.ts";
import type { BuilderCase } from "./builder-case.ts";

/** The binary caches of the builder, asked from there by its own Nix. */
export const caches: Check<BuilderCase> = {
  link: "caches there",
  needs: ["protocol"],
  look: async (builder) => {
    if (!builder.route.ssh) return ABSENT;
    const { survey } = await builder.survey();
    const urls = (survey.settings.get("substituters") ?? "")
      .split(" ")
      .filter((url) => /^(https?|file):/.test(url));
    if (survey.nix === undefined || urls.length === 0 || survey.settings.get("substitute") === "false")
      return ABSENT;
    const { stdout } = await builder.route.ssh.run(["sh", "-c", SCRIPT, survey.nix, ...urls]);
    const answers = new Map(
      Array.from(stdout.matchAll(/^cache (\d+) (\S+) ?(.*)$/gm), ([, status, url, words]) => [
        url!,
        { isThere: status === "0", words: words! },
      ]),
    );
    const faults = urls.filter((url) => answers.get(url)?.isThere === false);
    return seen(
      `${urls.length - faults.length} of ${urls.length} answer`,
      faults.map((url) => ({
        code: "BUILDER_CACHE_UNREACHABLE",
        severity: "warning",
        seen: `From the builder ${url} cannot be used: ${answers.get(url)?.words.replace(/^error: /, "") || "it does not answer"}`,
        why: "The builder asks it for every input first, several times, and fails where it has no other way to it",
        cure: cure(
          "Take it out of the builder's `substituters`, or let its Nix go on without it",
          `curl -sSI ${url}/nix-cache-info`,
          "fallback = true",
          "connect-timeout = 5",
        ),
      })),
    );
  },
};

/** Asks each cache beside the others. `$0` is Nix. */
const SCRIPT = `
for url in "$@"; do (
  for command in 'store info' 'store ping'; do
    words=$("$0" --extra-experimental-features nix-command $command --store "$url" \\
      --option connect-timeout 2 --option download-attempts 1 2>&1 >/dev/null) && break
    status=$?
    case $words in *"is not a recognised command"*) continue ;; esac
    echo "cache $status $url $(printf %s "$words" | tr '\\n' ' ' | cut -c1-200)"; exit
  done
  echo "cache 0 $url"
) & done; wait`;

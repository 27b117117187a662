import type { NixSuite } from "#rig/nix-root.ts";

/** What a benchmark was told: `[SUITE…] [--NAME VALUE]…`. */
export interface BenchArguments {
  readonly flags: ReadonlyMap<string, string>;
  readonly suites: readonly NixSuite[];
}

/** Reads the words after the program's own. */
export function readArguments(words: readonly string[] = process.argv.slice(2)): BenchArguments {
  const flags = new Map<string, string>();
  const suites: NixSuite[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word.startsWith("--")) flags.set(word.slice(2), words[++at]!);
    else suites.push(word as NixSuite);
  }
  return { flags, suites };
}

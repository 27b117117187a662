import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { NixSuite } from "#rig/nix-root.ts";
import type { Comparison } from "./compare.ts";
import type { PlacedTest } from "./decided.ts";

/** What came of tests, a line of JSON each: a run that is broken off goes on where it was. */
export class Record {
  readonly #file: string | undefined;
  readonly #known = new Map<string, Comparison>();

  /** With no file nothing is kept. */
  constructor(suite: NixSuite, file: string | undefined) {
    this.#file = file === undefined ? undefined : `${file}.${suite}`;
    if (this.#file === undefined || !existsSync(this.#file)) return;
    for (const line of readFileSync(this.#file, "utf8").split("\n").slice(0, -1)) {
      const comparison = JSON.parse(line) as Comparison;
      this.#known.set(keyOf(comparison), comparison);
    }
  }

  find(test: PlacedTest): Comparison | undefined {
    return this.#known.get(keyOf(test));
  }

  /** Keeps all but what the tests wrote. */
  keep(comparison: Comparison): void {
    if (this.#file === undefined) return;
    const { nix, elsewhere } = comparison;
    const short = {
      ...comparison,
      nix: { ...nix, log: "" },
      elsewhere: elsewhere && { ...elsewhere, log: "" },
    };
    appendFileSync(this.#file, `${JSON.stringify(short)}\n`);
  }
}

function keyOf({ name, place }: PlacedTest): string {
  return `${place} ${name}`;
}

import { type PlacedTest, reasonFor } from "./decided.ts";
import { type Ran, runTest } from "./run-test.ts";
import type { TestBed } from "./test-bed.ts";

/**
 * What came of a test with Elsewhere where it passes with Nix in both places: it passes, fails, or is known to fail
 * for a reason. `not asked`: with Nix it does not pass here either.
 */
type Verdict = "passes" | "fails" | "decided" | "not asked";

export interface Comparison extends PlacedTest {
  readonly verdict: Verdict;
  readonly nix: Ran;
  readonly elsewhere: Ran | undefined;
  /** Why it is known to fail. */
  readonly reason: string | undefined;
}

/** Runs a test with Nix in both places, and where that passes, with Elsewhere as the server. */
export async function compareTest(bed: TestBed, { name, place }: PlacedTest): Promise<Comparison> {
  const nix = await runTest(bed, { name, place, server: "nix" });
  if (nix.outcome !== "passed")
    return { name, place, verdict: "not asked", nix, elsewhere: undefined, reason: undefined };
  const elsewhere = await runTest(bed, { name, place, server: "elsewhere" });
  const reason = reasonFor({ name, place }, bed.suite);
  const verdict = elsewhere.outcome === "passed" ? "passes" : reason === undefined ? "fails" : "decided";
  return { name, place, verdict, nix, elsewhere, reason };
}

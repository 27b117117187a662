import type { NixSuite } from "#rig/nix-root.ts";
import type { Place } from "./place.ts";

/** A test in a place. */
export interface PlacedTest {
  readonly name: string;
  readonly place: Place;
}

/** Why a test that passes with Nix must fail with Elsewhere, where that is decided. */
export function reasonFor({ name, place }: PlacedTest, suite: NixSuite): string | undefined {
  return DECIDED.find(
    (decision) =>
      decision.tests.includes(name) &&
      (decision.place ?? place) === place &&
      (decision.suite ?? suite) === suite,
  )?.reason;
}

interface Decision {
  readonly tests: readonly string[];
  readonly place?: Place;
  readonly suite?: NixSuite;
  readonly reason: string;
}

const DECIDED: readonly Decision[] = [
  {
    tests: ["store-info.sh", "store-ping.sh"],
    place: "daemon",
    reason: "it wants Nix's version number, and Elsewhere says its own name",
  },
  {
    tests: ["remote-store.sh"],
    place: "remote",
    suite: "bookworm",
    reason:
      "nix doctor of 2.8 wants its own protocol, 1.34, from a server that says first what it speaks: 1.38",
  },
  {
    tests: ["recursive.sh", "ca/recursive.sh", "dyn-drv/recursive-mod-json.sh"],
    reason: "builders are given no daemon: recursive-nix is refused as a missing feature",
  },
];

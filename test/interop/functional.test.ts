import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { messageOf } from "#base/errors.ts";
import { compareTest } from "../../scripts/functional/compare.ts";
import type { PlacedTest } from "../../scripts/functional/decided.ts";
import { openTestBed, type TestBed } from "../../scripts/functional/test-bed.ts";

/** A few of those that `npm run test:functional` runs: quick ones, and of each kind of matter one. */
const CHOSEN: readonly PlacedTest[] = [
  { place: "remote", name: "build-remote-input-addressed.sh" },
  { place: "remote", name: "build-remote-trustless-should-pass-2.sh" },
  { place: "remote", name: "nix-copy-ssh.sh" },
  { place: "remote", name: "nix-copy-ssh-ng.sh" },
  { place: "daemon", name: "signing.sh" },
  { place: "daemon", name: "gc.sh" },
  { place: "daemon", name: "ca/build.sh" },
  { place: "daemon", name: "check-refs.sh" },
];

describe("Nix's own tests pass with Elsewhere as the server", { concurrency: 2 }, () => {
  let bed: TestBed | undefined;
  let why = "";
  before(async () => {
    try {
      bed = await openTestBed("trixie");
    } catch (error) {
      why = messageOf(error);
    }
  });
  after(() => bed?.[Symbol.dispose]());

  for (const { name, place } of CHOSEN)
    test(`${name}, ${place}`, async (t) => {
      if (!bed) return t.skip(why);
      const { verdict, nix, elsewhere } = await compareTest(bed, { name, place });
      if (verdict === "not asked") return t.skip(`with Nix in both places it is ${nix.outcome} here`);
      assert.equal(verdict, "passes", elsewhere?.log.slice(-LOG_TAIL));
    });
});

/** Characters of a log that say what went wrong. */
const LOG_TAIL = 4000;

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActiveSite } from "#build/engine/connection/active-site.ts";
import { explainFailure } from "#build/engine/verdict/trust-hint.ts";
import { BARE_RESULT } from "#nix/build-result.ts";
import { parseStorePathBaseName } from "#nix/store-path.ts";

const drvPath = parseStorePathBaseName("g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-hi.drv");
const builder = {
  site: { traits: { name: "box" }, uri: "ssh-ng://me@box" },
  feeder: { intake: { withholds: false } },
} as unknown as ActiveSite;

function explain(errorMessage: string): string {
  return explainFailure({ ...BARE_RESULT, status: "PermanentFailure", errorMessage }, builder, drvPath);
}

test("who is not trusted is told what to write on the builder, in whatever words a release refuses him", () => {
  for (const words of [
    "you are not privileged to build input-addressed derivations",
    "cannot add path '/nix/store/x' because it lacks a signature by a trusted key",
    "repairing is not allowed because you are not in 'trusted-users'",
    "user 'me' is not allowed to connect to the Nix daemon",
  ])
    assert.match(explain(words), /box does not trust me: .*trusted-users = root me/s, words);
});

test("a build that breaks a rule of its own, or that speaks of trust in its log, says nothing of the builder's", () => {
  for (const words of [
    "output '/nix/store/x' is not allowed to refer to the following paths:\n  /nix/store/y",
    "path '/nix/store/x-untrusted' is too large at 144 bytes; limit is 10 bytes",
    "builder for '/nix/store/x.drv' failed with exit code 1;\n       last 2 log lines:\n       > you are not privileged to do this\n       > untrusted",
    "Cannot build '/nix/store/x.drv'.\nReason: builder failed with exit code 1.\nOutput paths:\n  /nix/store/x\nLast 1 log lines:\n> certificate lacks a signature",
  ])
    assert.equal(explain(words), words);
});

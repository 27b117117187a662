import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { checkLogGrammar } from "#rig/log-grammar.ts";
import { NixRoot, withoutNix } from "#rig/nix-root.ts";
import { formatLogLine, parseLogLine } from "#wire/internal-json/log-line.ts";

const expression = fileURLToPath(new URL("log-format.nix", import.meta.url));

for (const suite of ["trixie", "sid"] as const)
  test(`what the Nix of ${suite} writes is read, is written the same, and keeps to the grammar that ours does`, {
    skip: withoutNix(suite),
  }, async () => {
    using nix = new NixRoot(suite, "log-format");
    const words = ["--extra-experimental-features", "nix-command", "--log-format", "internal-json"];
    const built = await nix.attempt(["nix", "build", "-f", expression, "good", "--no-link", ...words]);
    assert.equal(built.code, 0, built.said);
    const failed = await nix.attempt(["nix", "build", "-f", expression, "bad", "--no-link", ...words]);
    assert.notEqual(failed.code, 0);
    const copied = await nix.attempt([
      ...["nix", "copy", "-f", expression, "good", "--to", "file:///nix/cache", ...words],
    ]);
    for (const { said } of [built, failed, copied]) {
      const lines = said.split("\n").filter((line) => line.startsWith("@nix "));
      const events = lines.map((line) => parseLogLine(line)!);
      assert.ok(lines.length > 5, said);
      assert.deepEqual(events.map(formatLogLine), lines);
      checkLogGrammar(events);
    }
  });

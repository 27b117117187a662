import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { DEFAULT_STORE_DIR, nameOf } from "#nix/store-path.ts";
import { checkLogGrammar } from "#rig/log-grammar.ts";
import { NixRoot, withoutNix } from "#rig/nix-root.ts";
import type { FetchEvent } from "#store/fetch-event.ts";
import { FetchReader } from "#store/fetch-reader.ts";
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
    const dropped = await nix.attempt(["sh", "-c", "nix-collect-garbage 2>/dev/null"]);
    assert.equal(dropped.code, 0, dropped.said);
    const cache = ["--option", "substituters", "file:///nix/cache", "--option", "require-sigs", "false"];
    const fetched = await nix.attempt([
      "nix",
      "build",
      "-f",
      expression,
      "good",
      "--no-link",
      ...words,
      ...cache,
    ]);
    assert.equal(fetched.code, 0, fetched.said);
    assert.deepEqual(fetchesIn(fetched.said), ["good file:///nix/cache"]);
    for (const { said } of [built, failed, copied, fetched]) {
      const lines = said.split("\n").filter((line) => line.startsWith("@nix "));
      const events = lines.map((line) => parseLogLine(line)!);
      assert.ok(lines.length > 5, said);
      assert.deepEqual(events.map(formatLogLine), lines);
      checkLogGrammar(events);
    }
  });

/** What our reader finds that is fetched, by name and cache. */
function fetchesIn(said: string): string[] {
  const seen: FetchEvent[] = [];
  const reader = new FetchReader({ storeDir: DEFAULT_STORE_DIR, tell: (event) => seen.push(event) });
  for (const line of said.split("\n")) {
    const event = line.startsWith("@nix ") ? parseLogLine(line) : undefined;
    if (event) reader.take(event);
  }
  assert.equal(seen.filter(({ kind }) => kind === "fetch-finished").length, 1);
  return seen.flatMap((event) =>
    event.kind === "fetch-started" ? [`${nameOf(event.path)} ${event.from}`] : [],
  );
}

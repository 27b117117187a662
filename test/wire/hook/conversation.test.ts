import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { decodeBytes } from "#base/byte-reader.ts";
import { ElsewhereError } from "#base/errors.ts";
import { DEFAULT_STORE_DIR, printStorePath } from "#nix/store-path.ts";
import { anyDrvPath, anyPaths, anyText, anyTexts, mapOf, record } from "#rig/arbitraries.ts";
import { fuzz } from "#rig/fuzz.ts";
import { checkRoundTrip } from "#rig/round-trip.ts";
import { Tape } from "#rig/tape.ts";
import { formatHookReply, type HookReply, parseHookReply } from "#wire/hook/reply.ts";
import { hookBuild, hookDetails, hookSettings, hookWord, TRY } from "#wire/hook/requests.ts";

const CTX = { version: 0, features: new Set<string>(), storeDir: DEFAULT_STORE_DIR };

/** What real Nix said to a hook that took a build with one input and two outputs. */
function recording(release: string): Buffer {
  return readFileSync(new URL(`recorded/nix-${release}.bin`, import.meta.url));
}

const RELEASES = ["2.8", "2.26", "2.34"] as const;

for (const release of RELEASES)
  test(`what Nix ${release} says to a hook is understood to its last byte, and rewritten`, () => {
    const tape = new Tape(recording(release));
    const settings = tape.message(hookSettings, CTX);
    assert.ok(settings.size > 70);
    assert.equal(settings.get("builders"), "ssh-ng://recorder x86_64-linux - 4 1 big-parallel");
    assert.equal(settings.get("max-jobs"), "0");
    assert.equal(tape.message(hookWord, CTX), TRY);
    const build = tape.message(hookBuild, CTX);
    assert.equal(build.amWilling, false);
    assert.equal(build.system, "x86_64-linux");
    assert.match(printStorePath(DEFAULT_STORE_DIR, build.drvPath), /-top\.drv$/);
    assert.deepEqual(build.requiredFeatures, ["big-parallel"]);
    const { inputs, outputs } = tape.message(hookDetails, CTX);
    assert.match(inputs.join(), /^[^,]*-dep$/);
    assert.deepEqual(outputs, ["dev", "out"]);
    assert.ok(tape.isAtEnd);
  });

test("what a hook is told is read as it was written", () => {
  checkRoundTrip(hookSettings, mapOf(anyText, anyText), [0]);
  checkRoundTrip(
    hookBuild,
    record({
      amWilling: fc.boolean(),
      system: anyText,
      drvPath: anyDrvPath,
      requiredFeatures: fc.array(anyText, { maxLength: 4 }),
    }),
    [0],
  );
  checkRoundTrip(hookDetails, record({ inputs: anyPaths, outputs: anyTexts }), [0]);
});

test("noise in place of what Nix says is refused with an error that a person can read", async (t) => {
  const seeds = RELEASES.map(recording);
  const decode = (bytes: Buffer) => {
    let { rest } = decodeBytes(hookSettings.decode(CTX), bytes);
    ({ rest } = decodeBytes(hookWord.decode(CTX), rest));
    ({ rest } = decodeBytes(hookBuild.decode(CTX), rest));
    return decodeBytes(hookDetails.decode(CTX), rest);
  };
  await fuzz(t, { name: "a hook's conversation", decode, seeds });
});

test("a reply is read as it was written, whatever was said before it", () => {
  const anyLine = fc.string().map((text) => text.replace(/[\r\n]/g, ""));
  const anyReply = fc.oneof(
    fc.constantFrom<HookReply>({ kind: "decline" }, { kind: "decline-permanently" }, { kind: "postpone" }),
    anyLine.map((machine): HookReply => ({ kind: "accept", machine })),
  );
  const anyBefore = fc.array(
    anyLine.filter((line) => !line.startsWith("# ")),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(anyReply, anyBefore, (reply, lines) => {
      const before = lines.map((line) => `${line}\n`).join("");
      assert.deepEqual(parseHookReply(before + formatHookReply(reply)), { reply, before });
    }),
  );
});

test("the name of a machine can add no line to a reply", () => {
  assert.equal(formatHookReply({ kind: "accept", machine: "a\n# decline" }), "# accept\na # decline\n");
});

test("a reply without its machine, or of an unknown kind, is refused", () => {
  for (const said of ["# accept\n", "# accept\nhalf", "# perhaps\n", "", "decline\n"])
    assert.throws(() => parseHookReply(said), ElsewhereError, said);
});

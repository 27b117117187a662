import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeBytes } from "#base/byte-reader.ts";
import { BARE_RESULT, type BuildResult } from "#nix/build-result.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { encodeToBuffer, type WireContext } from "#wire/codec/codec.ts";
import { buildResult } from "#wire/daemon/build-result.ts";
import { BUILD_MEMORY_PEAK, BUILD_STATUS_ALL } from "#wire/daemon/version.ts";
import { serveBuildResult } from "#wire/serve/build-result.ts";

const at = (version: number, ...features: string[]) => ({
  version,
  features: new Set(features),
  storeDir: DEFAULT_STORE_DIR,
});
const MEASURED: BuildResult = {
  ...BARE_RESULT,
  status: "Built",
  cpuUserUs: 5,
  cpuSystemUs: 6,
  memoryPeakBytes: 7_000_000,
};

test("peak memory travels where both sides know it, and nowhere else", () => {
  const own = at(38, BUILD_MEMORY_PEAK);
  assert.equal(decoded(encodeToBuffer(buildResult, MEASURED, own), own).memoryPeakBytes, 7_000_000);
  const plain = at(38);
  const bytes = encodeToBuffer(buildResult, MEASURED, plain);
  assert.deepEqual(bytes, encodeToBuffer(buildResult, { ...MEASURED, memoryPeakBytes: undefined }, plain));
  assert.equal(decoded(bytes, plain).memoryPeakBytes, undefined);
  assert.equal(decoded(bytes, plain).cpuUserUs, 5);
});

/** Releases to 2.34 end the connection with "Invalid BuildResult status" over a number from 15 on. */
test("a status that Nix has no number for travels in words that it has, and unchanged to our own", () => {
  const cancelled = { ...BARE_RESULT, status: "Cancelled", errorMessage: "'x' was cancelled" } as const;
  const mismatch = { ...BARE_RESULT, status: "HashMismatch", errorMessage: "hash mismatch" } as const;
  const own = at(38, BUILD_STATUS_ALL);
  assert.equal(decoded(encodeToBuffer(buildResult, cancelled, own), own).status, "Cancelled");
  assert.equal(decoded(encodeToBuffer(buildResult, mismatch, own), own).status, "HashMismatch");
  for (const [codec, nix] of [
    [buildResult, at(38)],
    [buildResult, at(35)],
    [serveBuildResult, at(7)],
  ] as const) {
    const [ended, other] = [cancelled, mismatch].map(
      (result) => decodeBytes(codec.decode(nix), encodeToBuffer(codec, result, nix)).value,
    );
    assert.deepEqual([ended?.status, ended?.errorMessage], ["MiscFailure", ""]);
    assert.deepEqual([other?.status, other?.errorMessage], ["OutputRejected", "hash mismatch"]);
  }
});

function decoded(bytes: Uint8Array, ctx: WireContext): BuildResult {
  return decodeBytes(buildResult.decode(ctx), bytes).value;
}

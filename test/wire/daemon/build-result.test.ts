import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeBytes } from "#base/byte-reader.ts";
import { BARE_RESULT, type BuildResult } from "#nix/build-result.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { encodeToBuffer, type WireContext } from "#wire/codec/codec.ts";
import { buildResult } from "#wire/daemon/build-result.ts";
import { BUILD_MEMORY_PEAK } from "#wire/daemon/version.ts";

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

function decoded(bytes: Uint8Array, ctx: WireContext): BuildResult {
  return decodeBytes(buildResult.decode(ctx), bytes).value;
}

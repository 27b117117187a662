import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeBytes } from "#base/byte-reader.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { type Codec, encodeToBuffer } from "#wire/codec/codec.ts";
import { assertSameBytes, decodeByteByByte } from "./tape.ts";

/**
 * Holds a codec to its contract at each version: it reads what it wrote, to the last byte, however the bytes
 * come, and writes it alike again; at the newest version nothing of the value is lost.
 */
export function checkRoundTrip<T>(codec: Codec<T>, values: fc.Arbitrary<T>, minors: readonly number[]): void {
  fc.assert(
    fc.property(values, (value) => {
      for (const version of minors) {
        const ctx = { version, features: new Set<string>(), storeDir: DEFAULT_STORE_DIR };
        const written = encodeToBuffer(codec, value, ctx);
        const { value: found, rest } = decodeBytes(codec.decode(ctx), written);
        assert.equal(rest.length, 0, "bytes are left");
        assert.deepEqual(decodeByteByByte(codec.decode(ctx), written), found);
        assertSameBytes(encodeToBuffer(codec, found, ctx), written);
        if (version === minors.at(-1)) assert.deepEqual(found, value);
      }
    }),
    { numRuns: RUNS },
  );
}

const RUNS = 20;

import assert from "node:assert/strict";
import type { Buffer } from "node:buffer";
import { test } from "node:test";
import { decodeBytes } from "#base/byte-reader.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { ByteWriter } from "#wire/codec/byte-writer.ts";
import { encodeToBuffer } from "#wire/codec/codec.ts";
import { type ServerFrame, serverFrame } from "#wire/daemon/stderr.ts";

const at = (version: number) => ({ version, features: new Set<string>(), storeDir: DEFAULT_STORE_DIR });
const decode = (bytes: Buffer, version = 38) => decodeBytes(serverFrame.decode(at(version)), bytes).value;

function written(write: (out: ByteWriter) => void): Buffer {
  const out = new ByteWriter();
  write(out);
  return out.take();
}

test("an error travels with its traces from 1.26 on, and as text with a status before", () => {
  const frame: ServerFrame = {
    kind: "error",
    failure: { message: "no", level: 0, traces: ["while a", "while b"] },
  };
  assert.deepEqual(decode(encodeToBuffer(serverFrame, frame, at(26)), 26), frame);
  assert.deepEqual(decode(encodeToBuffer(serverFrame, frame, at(25)), 25), {
    kind: "error",
    failure: { message: "no\nwhile a\nwhile b", level: 0, traces: [] },
  });
});

test("activities of processes with large numbers stay apart", () => {
  const process = 4_194_303n << 32n;
  const ids = [0n, 1n, 2n].map((count) => {
    const frame = decode(
      written((out) => {
        out.u64(0x53544f50);
        out.bits64(process + count);
      }),
    );
    assert.ok(frame.kind === "log" && frame.event.kind === "stop");
    return frame.event.id;
  });
  assert.equal(new Set(ids).size, 3);
  assert.ok(ids.every(Number.isSafeInteger));
});

test("a figure that only informs may be as large as the wire lets it", () => {
  const frame = decode(
    written((out) => {
      out.u64(0x52534c54);
      for (const value of [1n, 105n, 1n, 0n, 2n ** 64n - 1n]) out.bits64(value);
    }),
  );
  assert.deepEqual(frame, { kind: "log", event: { kind: "result", id: 1, type: 105, fields: [2 ** 64] } });
});

test("a frame or a field of no known kind is refused", () => {
  assert.throws(
    () => decode(written((out) => out.u64(0x1234))),
    /server frame '0x1234': no frame has this tag/,
  );
  const field = written((out) => {
    out.u64(0x52534c54);
    for (const value of [1, 105, 1, 9]) out.u64(value);
  });
  assert.throws(() => decode(field), {
    message: "Cannot decode fields.0: cannot parse log field '9': want 0 for a number or 1 for a text",
  });
});

test("figures above what the wire holds are cut to it", () => {
  const event = { kind: "result", id: 1, type: 105, fields: [2 ** 64, -1] } as const;
  assert.deepEqual(decode(encodeToBuffer(serverFrame, { kind: "log", event }, at(38))), {
    kind: "log",
    event: { ...event, fields: [2 ** 64, 0] },
  });
});

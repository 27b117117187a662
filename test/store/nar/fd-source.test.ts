import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ByteReader } from "#base/byte-reader.ts";
import { dumpPath } from "#store/nar/dump-path.ts";
import { fdSource } from "#store/nar/fd-source.ts";
import { hashPath } from "#store/nar/hash-path.ts";
import { restorePath } from "#store/nar/restore-path.ts";

/** Restores what comes on standard input to its argument. */
const RESTORE = `
  import { ByteReader } from "#base/byte-reader.ts";
  import { fdSource } from "#store/nar/fd-source.ts";
  import { restorePath } from "#store/nar/restore-path.ts";
  await restorePath(new ByteReader(fdSource(0)), process.argv[1]);`;

test("a NAR of many buffers comes whole out of a file, and out of a pipe that drips", async () => {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-fd-"));
  try {
    mkdirSync(join(folder, "x"));
    for (let i = 0; i < 300; i++)
      writeFileSync(
        join(folder, "x", `f${i}`),
        createHash("sha256")
          .update(`${i}`)
          .digest("hex")
          .repeat(i * 3),
      );
    const nar = join(folder, "x.nar");
    writeFileSync(nar, Buffer.concat(await Array.fromAsync(dumpPath(join(folder, "x")))));
    const { hash } = await hashPath(join(folder, "x"));

    const fd = openSync(nar, "r");
    await restorePath(new ByteReader(fdSource(fd)), join(folder, "from-file"));
    closeSync(fd);
    assert.deepEqual((await hashPath(join(folder, "from-file"))).hash, hash);

    const drip = `dd if='${nar}' bs=30011 2>/dev/null | "$0" --input-type=module -e "$1" "$2"`;
    const child = spawn("sh", ["-c", drip, process.execPath, RESTORE, join(folder, "from-pipe")], {
      stdio: "inherit",
    });
    assert.deepEqual(await once(child, "close"), [0, null]);
    assert.deepEqual((await hashPath(join(folder, "from-pipe"))).hash, hash);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

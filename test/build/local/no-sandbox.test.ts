import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { BuildRig } from "./build-rig.ts";

test("where a sandbox was wanted, cannot be had and cannot be done without, the reason and the way out are told", async (t) => {
  await using rig = await BuildRig.open({ searchPath: folderWithBrokenBubblewrap(t) });
  const drvPath = await rig.add({ name: "walled", script: "echo > $out" });
  const { signal } = new AbortController();
  const options = { mode: "normal", settings: {}, signal, log: () => undefined } as const;
  const [result] = await rig.realiser.buildPaths([{ kind: "built", drvPath, outputs: "*" }], options);
  const { status, errorMessage } = result!;
  assert.equal(status, "MiscFailure");
  assert.match(errorMessage, /without a sandbox in a store whose files lie in/);
  assert.match(errorMessage, /Cannot set up the sandbox: bwrap: No permissions to create a new namespace/);
  assert.match(errorMessage, /--sandbox none/);
  assert.doesNotMatch(errorMessage, /Install bubblewrap/);
});

function folderWithBrokenBubblewrap(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-no-sandbox-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const script = `#!/bin/sh
[ "$1" = --version ] && echo bubblewrap 0.11.0 && exit
echo "bwrap: No permissions to create a new namespace" >&2
exit 1
`;
  writeFileSync(join(folder, "bwrap"), script, { mode: 0o755 });
  return folder;
}

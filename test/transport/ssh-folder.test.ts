import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

test("the folder of a process that was killed goes when the next one makes its own", (t) => {
  const base = mkdtempSync(join(tmpdir(), "e-"));
  t.after(() => rmSync(base, { recursive: true }));
  const module = join(import.meta.dirname, "../../src/transport/ssh-folder.ts");
  const making = `import { makeSshFolder } from ${JSON.stringify(module)}; const kept = makeSshFolder();`;
  const run = (then: string) =>
    spawnSync(process.execPath, ["--input-type=module", "-e", making + then], {
      env: { TMPDIR: base },
      encoding: "utf8",
    });
  assert.equal(run("process.kill(process.pid, 'SIGKILL')").signal, "SIGKILL");
  const [abandoned] = readdirSync(base);
  assert.ok(abandoned);
  const next = run("console.log(kept.path); kept[Symbol.dispose]()");
  assert.equal(next.status, 0, next.stderr);
  assert.equal(existsSync(join(base, abandoned)), false);
  assert.deepEqual(readdirSync(base), []);
});

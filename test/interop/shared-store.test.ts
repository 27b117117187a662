import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Ended, NIX_SUITES, NixRoot, type NixSuite, withoutNix } from "#rig/nix-root.ts";
import { Gate } from "./gate.ts";
import { MATRIX, PROGRAM } from "./served.ts";

for (const suite of NIX_SUITES)
  describe(
    `one store, at once in the hands of Elsewhere and of the Nix of ${suite}`,
    { skip: withoutNix(suite) },
    () => stories(suite),
  );

function stories(suite: NixSuite): void {
  let nix: NixRoot;
  let home: string;
  let builds = 0;
  before(async () => {
    nix = new NixRoot(suite, "shared");
    home = mkdtempSync(join(tmpdir(), "elsewhere-shared-"));
    await nix.run(["nix-store", "--init"]);
  });
  after(() => {
    nix[Symbol.dispose]();
    rmSync(home, { recursive: true, force: true });
  });
  const tag = () => `s${process.pid}-${++builds}`;
  const elsewhere = (...words: readonly string[]) =>
    runElsewhere(home, [...words, "--store", dirname(nix.nixFolder)]);
  const instantiate = (name: string, attribute: string) =>
    nix.run(["nix-instantiate", "--quiet", MATRIX, "--argstr", "tag", name, "-A", attribute]);

  test("Nix's collector leaves alone what an Elsewhere build needs", async () => {
    const name = tag();
    using gate = new Gate(name);
    const drv = await instantiate(name, "gated");
    const garbage = await nix.run(["nix-store", "--realise", await instantiate(name, "lone")]);
    const paths = ["--option", "sandbox-paths", gate.folder];
    const building = elsewhere("build", "--no-link", "--print-out-paths", "--builders", "", ...paths, drv);
    await gate.reached();
    const collected = await nix.attempt(["nix-store", "--gc"]);
    assert.equal(collected.code, 0, collected.said);
    gate.open();
    const { code, said, out } = await building;
    assert.equal(code, 0, said);
    assert.equal(await nix.run(["cat", out]), "leaf 1");
    assert.notEqual((await nix.attempt(["nix-store", "--check-validity", garbage])).code, 0);
    await assertIsWhole(nix);
  });

  test("Elsewhere's collector leaves alone what a Nix build needs", async () => {
    const name = tag();
    using gate = new Gate(name);
    const drv = await instantiate(name, "gated");
    const garbage = await nix.run(["nix-store", "--realise", await instantiate(name, "lone")]);
    const building = nix.attempt(["nix-store", "--realise", drv]);
    await gate.reached();
    const collected = await elsewhere("gc");
    assert.equal(collected.code, 0, collected.said);
    gate.open();
    const { code, said } = await building;
    assert.equal(code, 0, said);
    assert.equal(await nix.run(["cat", said.trim().split("\n").at(-1)!]), "leaf 1");
    assert.notEqual((await nix.attempt(["nix-store", "--check-validity", garbage])).code, 0);
    await assertIsWhole(nix);
  });

  test("both build the same graph at the same time, and each output once", async () => {
    const name = tag();
    const drv = await instantiate(name, "all");
    const [theirs, ours] = await Promise.all([
      nix.attempt(["nix-store", "--realise", "-j2", drv]),
      elsewhere("build", "--no-link", "--print-out-paths", "--builders", "", "-j2", drv),
    ]);
    assert.equal(theirs.code, 0, theirs.said);
    assert.equal(ours.code, 0, ours.said);
    assert.equal(theirs.said.trim().split("\n").at(-1), ours.out);
    await assertIsWhole(nix);
    const verified = await elsewhere("verify", "--all");
    assert.equal(verified.code, 0, verified.said);
  });
}

async function assertIsWhole(nix: NixRoot): Promise<void> {
  const { code, said } = await nix.attempt(["nix-store", "--verify", "--check-contents"]);
  assert.equal(code, 0, said);
  assert.doesNotMatch(said, /error|modified|disappeared|mismatch/);
}

/** Runs Elsewhere on this machine with a home and a configuration of its own. */
async function runElsewhere(
  home: string,
  words: readonly string[],
): Promise<Ended & { readonly out: string }> {
  const env = {
    ...process.env,
    HOME: home,
    NIX_CONF_DIR: home,
    XDG_STATE_HOME: join(home, "state"),
    NIX_CONFIG: "substitute = false",
  };
  return await new Promise((resolve) =>
    execFile(PROGRAM, words, { env, maxBuffer: 1 << 28 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, said: stderr + stdout, out: stdout.trim() }),
    ),
  );
}

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { NIX_SUITES, type NixSuite, withoutNix } from "#rig/nix-root.ts";
import { withoutSshd } from "#rig/sshd.ts";
import { Gate } from "./gate.ts";
import { asNobody, OffloadRig } from "./offload-rig.ts";
import { assertIsSeen } from "./seen-build.ts";
import { MATRIX } from "./served.ts";

for (const suite of NIX_SUITES)
  describe(`Nix of ${suite} with Elsewhere as its daemon`, { skip: withoutNix(suite) || withoutSshd }, () =>
    stories(suite),
  );

function stories(suite: NixSuite): void {
  const isOld = suite === "bookworm";
  let rig: OffloadRig;
  let door: string;
  before(async () => {
    rig = await OffloadRig.start(suite);
    door = await rig.openDoor();
  });
  after(async () => {
    await rig[Symbol.asyncDispose]();
  });
  const throughDoor = () => ({ NIX_REMOTE: door });
  const build = (...words: readonly string[]) => ["nix-build", "--no-out-link", "-j0", ...words];

  test("builds a graph, of which what was asked for ends in the real store", async () => {
    const out = await rig.run(build(...rig.fresh(), "-A", "all"), throughDoor());
    assert.match(await rig.run(["cat", `${out}/merged`]), /big\nspecial\nleaf 5/);
    await rig.run(["nix-store", "--verify", "--check-contents"]);
    assert.ok(await rig.builderHas(out));
  });

  test("builds what is addressed by its content", {
    skip: isOld && "Nix 2.8 knows an older form of realisations",
  }, async () => {
    const out = await rig.run(build(...rig.fresh(), "-A", "ofFloating"), throughDoor());
    assert.match(await rig.run(["cat", out]), /^floating\nfloating\n/);
  });

  test("keeps the log and the deriver in the real store", async () => {
    const out = await rig.run(build(...rig.fresh(), "-A", "pair"), throughDoor());
    const deriver = await rig.run(["nix-store", "-q", "--deriver", out]);
    assert.match(deriver, /-pair\.drv$/);
    assert.equal(await rig.run(["nix-store", "--read-log", deriver]), "the log of pair");
    assert.equal(await rig.run(["nix", "log", out], throughDoor()), "the log of pair");
  });

  test("says why a build failed and what needed it, and builds the rest with --keep-going", async () => {
    const words = build(...rig.fresh(), "--keep-going", "-A", "aboveFailing", "-A", "pair");
    const { code, said } = await rig.attempt(words, throughDoor());
    assert.notEqual(code, 0);
    assert.match(said, /failing\.drv.* failed with exit code 3|Cannot build '.*failing\.drv'/);
    assert.match(said, /Cannot build '.*-aboveFailing\.drv'.\s+Reason: 1 dependency failed/);
    assert.match(said, /the log of pair/);
  });

  test("refuses what is for another platform where it is told to, and says it aloud where not", async () => {
    const words = () => build(...rig.fresh(), "-A", "foreign");
    const warned = await rig.attempt(words(), throughDoor());
    assert.equal(warned.code, 0, warned.said);
    assert.match(
      warned.said,
      /warning: .*foreign\/bin\/tool is Mach-O x86_64; this output is for x86_64-linux/,
    );
    const uri = await rig.openDoor("strict", ["--option", "audit=fail"]);
    const failed = await rig.attempt(words(), { NIX_REMOTE: uri });
    assert.notEqual(failed.code, 0);
    assert.match(failed.said, /foreign\/bin\/tool is Mach-O x86_64/);
  });

  test("ends a build that takes too long, or is silent too long, and says so", async () => {
    for (const [limit, why] of [
      ["timeout", /timed out after 2 seconds(?! of)/],
      // Nix 2.34 has one sentence for both.
      [
        "max-silent-time",
        suite === "sid" ? /timed out after 2 seconds/ : /timed out after 2 seconds of silence/,
      ],
    ] as const) {
      const words = build(...rig.fresh(), "--option", limit, "2", "-A", "silent");
      const { code, said } = await rig.attempt(words, throughDoor());
      assert.notEqual(code, 0);
      assert.match(said, why);
    }
    const limit = AbortSignal.timeout(30_000);
    while ((await rig.builds("sleep 300")) !== "" && !limit.aborted) {}
    assert.equal(await rig.builds("sleep 300"), "");
  });

  test("shows what nix build shows: the machine, the log, the last lines of a failure", async () => {
    const words = ["nix", "build", "--no-link", "-L", "-j0", "-f", ...rig.fresh()];
    const good = await rig.attempt([...words, "pair"], throughDoor());
    assert.match(good.said, /> the log of pair/);
    assert.match(good.said, /building .*-pair\.drv. on .ssh-ng:\/\/rig/);
    const bad = await rig.attempt([...words, "failing"], throughDoor());
    assert.equal(bad.code, 1);
    assert.match(bad.said, /failed with exit code 3|builder failed/);
    assert.match(bad.said, /last 2 log lines:\s+> the first line\s+> it breaks here/i);
  });

  test("takes builds of a user whom it does not trust, and not his builders", async () => {
    const [file, ...tag] = rig.fresh();
    const words = ["nix-build", "--no-out-link", "-j0", "--builders", "ssh-ng://evil x86_64-linux"];
    const { code, said } = await rig.attempt(
      asNobody([...words, file!, ...tag, "-A", "pair"]),
      throughDoor(),
    );
    assert.equal(code, 0, said);
    const out = said.trim().split("\n").at(-1)!;
    assert.ok(await rig.builderHas(out));
  });

  test("has one who is trusted choose builders", async () => {
    const words = build(...rig.fresh(), "--builders", "ssh-ng://nowhere.invalid x86_64-linux", "-A", "lone");
    const { code, said } = await rig.attempt(words, throughDoor());
    assert.notEqual(code, 0);
    assert.match(said, /nowhere\.invalid/);
  });

  test("gives two clients who want the same at the same time what they want", async () => {
    const tag = rig.tag();
    using gate = new Gate(tag);
    const words = build(MATRIX, "--argstr", "tag", tag, "-A", "waiting");
    const first = rig.start(words, throughDoor());
    await gate.reached();
    const second = rig.start(words, throughDoor());
    gate.open();
    assert.deepEqual([await first.ended, await second.ended], [0, 0], first.said + second.said);
    assert.equal(gate.begun, 1);
  });

  test("shows what it does while it does it, and remembers it", async () => {
    const tag = rig.tag();
    using gate = new Gate(tag);
    const words = build(MATRIX, "--argstr", "tag", tag, "-A", "waiting", "-A", "pair");
    await assertIsSeen(rig, { tag, running: rig.start(words, throughDoor()), gate, door: "daemon" });
  });

  test("stops the build on the builder when its client hangs up", async () => {
    const tag = rig.tag();
    using gate = new Gate(tag);
    const running = rig.start(build(MATRIX, "--argstr", "tag", tag, "-A", "waiting"), throughDoor());
    await gate.reached();
    running.interrupt();
    await running.ended;
    const limit = AbortSignal.timeout(30_000);
    while ((await rig.builds(`${tag}/begun`)) !== "" && !limit.aborted) {}
    assert.equal(await rig.builds(`${tag}/begun`), "");
  });

  test("stands in front of a real daemon", async () => {
    await using _ = await rig.startDaemon();
    const uri = await rig.openDoor("second");
    const words = asNobody(build(...rig.fresh(), "-A", "pair"));
    const { code, said } = await rig.attempt(words, { NIX_REMOTE: uri });
    assert.equal(code, 0, said);
    const out = said.trim().split("\n").at(-1)!;
    assert.ok(await rig.builderHas(out));
    assert.equal(await rig.run(["nix", "log", out], { NIX_REMOTE: uri }), "the log of pair");
    const here = ["nix-build", "--no-out-link", "-j1", "--builders", "", ...rig.fresh(), "-A", "lone"];
    const own = await rig.run(here, { NIX_REMOTE: uri });
    assert.ok(!(await rig.builderHas(own)));
  });
}

import assert from "node:assert/strict";
import { existsSync, readdirSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { after, before, describe, test } from "node:test";
import { NIX_SUITES, type NixSuite, withoutNix } from "#rig/nix-root.ts";
import { withoutSshd } from "#rig/sshd.ts";
import { Gate } from "./gate.ts";
import { asNobody, HOOK, OffloadRig } from "./offload-rig.ts";
import { assertIsSeen } from "./seen-build.ts";
import { MATRIX } from "./served.ts";

for (const suite of NIX_SUITES)
  describe(
    `Nix of ${suite} with Elsewhere as its build hook`,
    { skip: withoutNix(suite) || withoutSshd },
    () => stories(suite),
  );

function stories(suite: NixSuite): void {
  const isOld = suite === "bookworm";
  let rig: OffloadRig;
  before(async () => {
    rig = await OffloadRig.start(suite);
  });
  after(async () => {
    await rig[Symbol.asyncDispose]();
  });

  test("builds a graph with several outputs, fixed outputs and structured attributes", async () => {
    const out = await rig.run(rig.throughHook(...rig.fresh(), "-A", "all"));
    assert.match(await rig.run(["cat", `${out}/merged`]), /big\nspecial\nleaf 5/);
    await rig.run(["nix-store", "--verify", "--check-contents"]);
    assert.ok(await rig.builderHas(out));
  });

  test("builds what is addressed by its content", {
    skip: isOld && "Nix 2.8 knows an older form of realisations",
  }, async () => {
    const out = await rig.run(rig.throughHook(...rig.fresh(), "-A", "ofFloating"));
    assert.match(await rig.run(["cat", out]), /^floating\nfloating\n/);
  });

  test("keeps the log and the deriver as Nix does", async () => {
    const out = await rig.run(rig.throughHook(...rig.fresh(), "-A", "pair"));
    const deriver = await rig.run(["nix-store", "-q", "--deriver", out]);
    assert.match(deriver, /-pair\.drv$/);
    assert.equal(await rig.run(["nix-store", "--read-log", deriver]), "the log of pair");
    assert.equal(await rig.run(["nix", "log", out]), "the log of pair");
    assert.match(await rig.run(["nix-store", "-q", "--references", out]), /-leaf1$/);
  });

  test("says why a build failed, and builds the rest with --keep-going", async () => {
    const words = rig.throughHook(...rig.fresh(), "--keep-going", "-A", "aboveFailing", "-A", "pair");
    const { code, said } = await rig.attempt(words);
    assert.equal(code, suite === "sid" ? 1 : 100);
    assert.match(said, /build of '.*-failing\.drv' on 'ssh-ng:\/\/rig' failed: .*exit code 3/s);
    assert.match(said, /it breaks here/);
    assert.match(said, /the log of pair/);
    assert.match(said, /1 dependenc(ies|y).* failed/);
  });

  test("tells both hashes when a fixed output has another", async () => {
    const { code, said } = await rig.attempt(rig.throughHook(...rig.fresh(), "-A", "wrongHash"));
    assert.notEqual(code, 0);
    assert.match(said, /sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=/);
    assert.match(said, /sha256-WJG1tSLV3whtD\/CxEPvZ0hu0\/HFjrzTQgoai6Eb2vgM=/);
  });

  test("refuses what is for another platform where nix.conf says so, and says it aloud where not", async () => {
    const words = (tag: string) => rig.throughHook(MATRIX, "--argstr", "tag", tag, "-A", "foreign");
    const warned = await rig.attempt(words(rig.tag()));
    assert.equal(warned.code, 0, warned.said);
    assert.match(
      warned.said,
      /warning: .*foreign\/bin\/tool is Mach-O x86_64; this output is for x86_64-linux/,
    );
    const failed = await rig.attempt(words(rig.tag()), { NIX_CONFIG: "audit = fail" });
    assert.notEqual(failed.code, 0);
    assert.match(failed.said, /failed: .*foreign\/bin\/tool is Mach-O x86_64/s);
    const off = await rig.attempt(words(rig.tag()), { NIX_CONFIG: "audit = off" });
    assert.equal(off.code, 0, off.said);
    assert.doesNotMatch(off.said, /Mach-O/);
  });

  test("has Nix know a build that took too long, or was silent too long", async () => {
    for (const [limit, why] of [
      ["timeout", /timed out after 2 seconds(?! of)/],
      // Nix 2.34 has one sentence for both.
      [
        "max-silent-time",
        suite === "sid" ? /timed out after 2 seconds/ : /timed out after 2 seconds of silence/,
      ],
    ] as const) {
      const words = rig.throughHook(...rig.fresh(), "--option", limit, "2", "-A", "silent");
      const { code, said } = await rig.attempt(words);
      assert.equal(code, suite === "sid" ? 1 : 101, said);
      assert.match(said, why);
    }
    await gone(() => rig.builds("sleep 300"));
  });

  test("works where the pipes must be passed on by processes", async () => {
    const out = await rig.run(rig.throughHook(...rig.fresh(), "-A", "pair"), { ELSEWHERE_HOOK_RELAY: "1" });
    assert.equal(await rig.run(["nix", "log", out]), "the log of pair");
    const { said } = await rig.attempt(rig.throughHook(...rig.fresh(), "-A", "failing"), {
      ELSEWHERE_HOOK_RELAY: "1",
    });
    assert.match(said, /it breaks here/);
    assert.match(said, /failed: .*exit code 3/s);
  });

  test("leaves to Nix what no machine can do, and builds here what may be built here", async () => {
    const narrow = ["--builders", rig.machine({ features: "kvm" })];
    const out = await rig.run([
      "nix-build",
      "--no-out-link",
      "-j1",
      "--option",
      "build-hook",
      HOOK,
      ...narrow,
      ...rig.fresh(),
      "-A",
      "special",
    ]);
    assert.ok(!(await rig.builderHas(out)));
    const { code, said } = await rig.attempt([
      ...rig.throughHook(),
      ...narrow,
      ...rig.fresh(),
      "-A",
      "special",
    ]);
    assert.notEqual(code, 0);
    assert.match(said, /Failed to find a machine .*lacks the feature|Required features/s);
  });

  test("shows what it does while it does it, and remembers it", async () => {
    const tag = rig.tag();
    using gate = new Gate(tag);
    const words = rig.throughHook(MATRIX, "--argstr", "tag", tag, "-A", "waiting", "-A", "pair");
    await assertIsSeen(rig, { tag, running: rig.start(words), gate, door: "hook" });
  });

  test("stops the build on the builder when Nix is interrupted", async () => {
    const tag = rig.tag();
    using gate = new Gate(tag);
    const [file] = rig.fresh();
    const running = rig.start(rig.throughHook(file!, "--argstr", "tag", tag, "-A", "waiting"));
    await gate.reached();
    running.interrupt();
    await running.ended;
    await gone(() => rig.builds(`${tag}/begun`));
    await gone(async () =>
      readdirSync(rig.runtimeFolder)
        .filter((name) => name.startsWith("call."))
        .join(),
    );
  });

  test("fails clearly when its resident process is killed, and starts another", async () => {
    const tag = rig.tag();
    using gate = new Gate(tag);
    const [file] = rig.fresh();
    const running = rig.start(rig.throughHook(file!, "--argstr", "tag", tag, "-A", "waiting"));
    await gate.reached();
    const before = rig.residentPid!;
    process.kill(before, "SIGKILL");
    assert.notEqual(await running.ended, 0);
    assert.match(running.said, /Elsewhere's resident process ended while this build was with it/);
    gate.open();
    const out = await rig.run(rig.throughHook(...rig.fresh(), "-A", "lone"));
    assert.match(await rig.run(["cat", out]), /lone/);
    assert.notEqual(rig.residentPid, before);
    await gone(() => rig.builds(`${tag}/begun`));
    await gone(async () =>
      readdirSync(rig.runtimeFolder)
        .filter((name) => name.startsWith("call."))
        .join(),
    );
  });

  test("gives way to another program's, and ends what it has beside that", async () => {
    const tag = rig.tag();
    using gate = new Gate(tag);
    const running = rig.start(rig.throughHook(MATRIX, "--argstr", "tag", tag, "-A", "waiting"));
    await gate.reached();
    const before = rig.residentPid!;
    // The same program in another place.
    const other = `${rig.folder}/other`;
    symlinkSync(dirname(dirname(HOOK)), other);
    const words = rig.throughHook(...rig.fresh(), "-A", "lone");
    await rig.run(words.map((word) => (word === HOOK ? `${other}/bin/elsewhere-hook` : word)));
    assert.notEqual(rig.residentPid, before);
    assert.ok(existsSync(`/proc/${before}`));
    gate.open();
    assert.equal(await running.ended, 0, running.said);
    await gone(async () => (existsSync(`/proc/${before}`) ? `process ${before}` : ""));
  });

  test("does one at a time on a builder with one slot, and does not have Nix wait for its turn to ask", async () => {
    const one = ["--builders", rig.machine({ jobs: 1 })];
    const words = [
      ...rig.throughHook(...rig.fresh(), ...one),
      "-A",
      "leaf1",
      "-A",
      "leaf2",
      "-A",
      "leaf3",
      "-A",
      "leaf4",
    ];
    const { code, said } = await rig.attempt(words);
    assert.equal(code, 0, said);
    assert.doesNotMatch(said, /waiting for/);
  });

  test("serves a daemon, whose clients need not be trusted", async () => {
    const settings = `build-hook = ${HOOK}\nbuilders = ${rig.machine()}\nmax-jobs = 0`;
    await using _ = await rig.startDaemon({ NIX_CONFIG: settings });
    const words = asNobody(["nix-build", "--no-out-link", ...rig.fresh(), "-A", "pair"]);
    const { code, said } = await rig.attempt(words, { NIX_REMOTE: "daemon" });
    assert.equal(code, 0, said);
    assert.match(said, /on 'ssh-ng:\/\/rig'/);
    const out = said.trim().split("\n").at(-1)!;
    assert.equal(await rig.run(["nix", "log", out]), "the log of pair");
  });

  test("ends when it had nothing to do, and leaves nothing but its locks and its log", async () => {
    const folder = `${rig.folder}/brief`;
    await rig.run(rig.throughHook(...rig.fresh(), "-A", "lone"), {
      ELSEWHERE_RUNTIME_DIR: folder,
      ELSEWHERE_HOOK_IDLE_S: "1",
    });
    await gone(async () =>
      readdirSync(folder)
        .filter((name) => !["lock", "starting", "log"].includes(name))
        .join(),
    );
  });
}

/** Waits until there is nothing of it any more. */
async function gone(look: () => Promise<string>): Promise<void> {
  const limit = AbortSignal.timeout(30_000);
  for (let left = await look(); left !== ""; left = await look()) {
    if (limit.aborted) assert.fail(`there is still ${left}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NIX_SUITES, withoutNix } from "#rig/nix-root.ts";
import { withoutSshd } from "#rig/sshd.ts";
import { BuildRig } from "./build-rig.ts";

const UNTRUSTED =
  "?remote-program=nix-daemon%20--extra-experimental-features%20daemon-trust-override%20--force-untrusted";

for (const suite of NIX_SUITES)
  describe(`builders with the stock Nix of ${suite}`, { skip: withoutSshd || withoutNix(suite) }, () => {
    test("are probed by each protocol, trusted or not, twice in a row", async () => {
      await using rig = await BuildRig.start(suite);
      // Nix 2.8 cannot be told to distrust.
      const untrusted = suite === "bookworm" ? "" : `; ssh-ng://rig${UNTRUSTED} x86_64-linux`;
      const builders = `ssh-ng://rig x86_64-linux,i686-linux - 2; ssh://rig x86_64-linux${untrusted}`;
      await rig.elsewhere("builders", "probe", "--builders", builders);
      const { code, out, err } = await rig.elsewhere("builders", "probe", "--json", "--builders", builders);
      assert.equal(code, 0, err + out);
      for (const { systems, machine } of JSON.parse(out)) {
        for (const finding of Object.values<Record<string, unknown>>(systems)) {
          assert.deepEqual([finding.passed, finding.emulated, finding.machine], [true, false, "x86_64"]);
          assert.ok((finding.durationMs as number) > 0);
        }
        assert.ok(machine.cores > 0 && machine.memoryBytes > machine.freeMemoryBytes);
        assert.ok(machine.freeDiskBytes > 0);
      }
    });

    test("are found out when they claim what they do not have", async () => {
      await using rig = await BuildRig.start(suite);
      const builders = "ssh-ng://rig x86_64-linux,aarch64-linux - 1 1 - no-such-thing";
      const { code, out } = await rig.elsewhere("builders", "probe", "--json", "--builders", builders);
      assert.equal(code, 1);
      const [{ systems }] = JSON.parse(out);
      assert.match(systems["x86_64-linux"].message, /no-such-thing/);
      assert.match(systems["aarch64-linux"].message, /aarch64-linux/);
    });
  });

describe("Elsewhere builders", { skip: withoutSshd }, () => {
  test("are listed with what is known of them, and with what they lack", async () => {
    await using rig = await BuildRig.start();
    const builders = `${rig.elsewhereBuilder("one")} x86_64-linux,aarch64-linux - 2 3 - -; ssh-ng://nowhere.invalid x86_64-linux`;
    const probe = await rig.elsewhere("builders", "--builders", builders, "probe", "rig");
    assert.equal(probe.code, 1, "it claims aarch64-linux");
    assert.match(probe.out, /rig +x86_64-linux +yes +x86_64 +\d/);
    assert.match(probe.out, /rig +aarch64-linux +NO/);
    assert.match(probe.err, /rig, aarch64-linux: platform mismatch/);
    const { code, out } = await rig.elsewhere("builders", "--builders", builders);
    assert.equal(code, 1, "one does not answer");
    assert.match(
      out,
      /rig +up, Elsewhere \S+ +0\/2 +3 +\d.*\/\d+ GiB +\S+ \wiB +x86_64-linux,aarch64-linux!/,
    );
    assert.match(out, /nowhere\.invalid +DOWN/);
    assert.match(out, /nowhere\.invalid: Cannot connect to/);
    assert.match(out, /rig: the probe for aarch64-linux, \S+ s ago: platform mismatch/);
  });

  test("that are drained get no work until they are resumed", async () => {
    await using rig = await BuildRig.start();
    const builders = `${rig.elsewhereBuilder("one")} x86_64-linux`;
    const drained = await rig.elsewhere("builders", "drain", "ri", "--builders", builders);
    assert.match(drained.out, /^rig is drained/);
    const file = rig.drvs.derive("work", { script: "echo done > $out" });
    const refused = await rig.elsewhere("build", file, "-j0", "--builders", builders);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /rig: it is drained, by \S+ since/);
    assert.match(refused.err, /'elsewhere builders resume rig' gives it work again/);
    assert.match((await rig.elsewhere("builders", "--builders", builders)).out, /rig +drained/);
    await rig.elsewhere("builders", "resume", "rig", "--builders", builders);
    assert.equal((await rig.elsewhere("build", file, "-j0", "--builders", builders)).code, 0);
  });

  test("are named by any part that no other has", async () => {
    await using rig = await BuildRig.start();
    const builders = "ssh-ng://alpha.example x86_64-linux; ssh-ng://alpine.example x86_64-linux";
    const vague = await rig.elsewhere("builders", "drain", "alp", "--builders", builders);
    assert.equal(vague.code, 2);
    assert.match(vague.err, /Cannot tell which builder 'alp' is/);
    assert.match(vague.err, /there are alpha\.example, alpine\.example/);
    const unknown = await rig.elsewhere("builders", "resume", "beta", "--builders", builders);
    assert.match(unknown.err, /Cannot find a builder called 'beta'/);
    const watch = await rig.elsewhere("builders", "--watch", "--builders", builders);
    assert.match(watch.err, /--watch wants a terminal/);
  });
});

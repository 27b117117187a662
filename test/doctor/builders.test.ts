import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { formatSecretKey, makeSecretKey } from "#nix/signature.ts";
import { type Sshd, startSshd, withoutSshd } from "#rig/sshd.ts";
import { DoctorRig } from "./doctor-rig.ts";

const FAKETIME = [
  "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
  "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
].find((file) => existsSync(file));
const notRoot = process.getuid?.() === 0 ? false : "needs root, to mount";
const native = process.arch === "x64" ? "x86_64-linux" : "aarch64-linux";
const foreign = process.arch === "x64" ? "aarch64-linux" : "x86_64-linux";

describe("an Elsewhere builder that is not in order", { skip: withoutSshd, concurrency: 3 }, () => {
  let rig: DoctorRig;
  before(async () => {
    rig = await DoctorRig.start();
  });
  after(() => rig[Symbol.asyncDispose]());

  const script = (name: string, text: string) => {
    const file = join(rig.folder, name);
    writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return file;
  };

  test("a key that may do nothing but build is in order", async () => {
    const command = `${rig.elsewhere("forced").split("=")[1]}`;
    await using sshd = await startSshd({ config: [`ForceCommand ${decodeURIComponent(command)}`] });
    const found = await rig.examine({ machines: [`ssh-ng://rig ${native}`, `ssh://rig ${native}`], sshd });
    found.assertHealthy();
    const shell = found.diagnosis.builders[0]!.links.find(({ link }) => link === "shell");
    assert.match(shell!.said, /forced command/);
  });

  test("a machine without Nix and Elsewhere", async () => {
    await using sshd = await startSshd({ config: ["SetEnv PATH=/usr/bin:/bin"] });
    const found = await rig.examine({ machines: [`ssh-ng://rig ${native}`], sshd });
    found.assertOnly("PROGRAM_MISSING", /remote-program=/);
  });

  test("a remote-program that is not there", async () => {
    const found = await rig.examine({
      machines: [`ssh-ng://rig?remote-program=/no/such/nix-daemon ${native}`],
    });
    found.assertOnly("PROGRAM_WRONG", /ssh-ng:\/\/rig/);
  });

  test("a protocol that is too old", async () => {
    const old = script("old-nix", "printf 'oixd\\0\\0\\0\\0\\012\\001\\0\\0\\0\\0\\0\\0'; cat >/dev/null");
    const found = await rig.examine({ machines: [`ssh-ng://rig?remote-program=${old} ${native}`] });
    found.assertOnly("PROTOCOL_OLD", /upgrade-nix/);
  });

  test("a program that speaks no protocol", async () => {
    const chatty = script("chatty", "echo welcome; cat >/dev/null");
    const found = await rig.examine({ machines: [`ssh-ng://rig?remote-program=${chatty} ${native}`] });
    const { finding } = found.assertOnly("PROTOCOL_GARBLED", /od -c/);
    assert.match(finding.seen, /welcome/);
  });

  test("a system that is claimed and that the builder does not have", async () => {
    const found = await rig.examine({ machines: [`${rig.elsewhere("system")} ${foreign}`] });
    found.assertOnly("SYSTEM_WRONG", new RegExp(`extra-platforms = ${foreign}`));
  });

  test("an emulation that is claimed and not registered", async () => {
    const uri = rig.elsewhere("emulated", "--option", "extra-platforms", foreign);
    const found = await rig.examine({ machines: [`${uri} ${native},${foreign}`] });
    const { finding } = found.assertOnly("SYSTEM_NOT_RUN", /binfmt/);
    assert.match(finding.seen, /no emulator for \w+ is registered/);
  });

  test("a feature that is claimed and that the builder does not have", async () => {
    const found = await rig.examine({
      machines: [`${rig.elsewhere("feature")} ${native} - 2 1 big-parallel,quantum`],
    });
    const { finding } = found.assertOnly("FEATURE_ABSENT", /extra-system-features = quantum/);
    assert.match(finding.seen, /'quantum'/);
  });

  test("a key that signs what is built, and is not known here", async () => {
    const file = join(rig.folder, "secret-key");
    writeFileSync(file, formatSecretKey(makeSecretKey("builder-1", new Uint8Array(32).fill(7))));
    const uri = rig.elsewhere("signing", "--option", "secret-key-files", file);
    const found = await rig.examine({ machines: [`${uri} ${native}`] });
    found.assertOnly("SIGNATURE_UNKNOWN", /extra-trusted-public-keys = builder-1:/);
  });

  test("a clock that is three hours slow", {
    skip: FAKETIME === undefined && "faketime is not installed",
  }, async () => {
    const config = [`SetEnv LD_PRELOAD=${FAKETIME} FAKETIME=-3h FAKETIME_DONT_FAKE_MONOTONIC=1`];
    await using sshd = await startSshd({ config });
    const found = await rig.examine({ machines: [`${rig.elsewhere("slow")} ${native}`], sshd });
    const { finding } = found.assertOnly("CLOCK_OFF", /set-ntp true/);
    assert.match(finding.seen, /3 h slow/);
  });

  describe("on disks and devices of its own", { skip: notRoot, concurrency: 3 }, () => {
    let small: Sshd;
    before(async () => {
      for (const name of ["full", "few", "low"]) mkdirSync(join(rig.folder, name));
      writeFileSync(join(rig.folder, "no-device"), "");
      chmodSync(join(rig.folder, "no-device"), 0o666);
      writeFileSync(join(rig.folder, "meminfo"), "MemTotal: 8000000 kB\nMemAvailable: 100000 kB\n");
      const mounts = `cd ${rig.folder}
        mount -t tmpfs -o size=512m tmpfs low
        mount -t tmpfs -o size=2m tmpfs full; head -c 4M /dev/zero > full/filler 2>/dev/null
        mount -t tmpfs -o nr_inodes=4 tmpfs few; touch few/1 few/2 few/3 few/4 2>/dev/null
        [ ! -e /dev/kvm ] || mount --bind no-device /dev/kvm
        exec "$@"`;
      small = await startSshd({
        within: ["unshare", "--mount", "--propagation", "private", "sh", "-c", mounts, "sh"],
      });
    });
    after(() => small[Symbol.asyncDispose]());

    test("a disk that is full", async () => {
      const found = await rig.examine({ machines: [`${rig.elsewhere("full")} ${native}`], sshd: small });
      found.assertOnly("DISK_FULL", /nix-collect-garbage -d\ndf -h/);
    });

    test("a disk that is nearly full", async () => {
      const found = await rig.examine({ machines: [`${rig.elsewhere("low")} ${native}`], sshd: small });
      const { finding } = found.assertOnly("DISK_LOW", /min-free = 5G/);
      assert.match(finding.seen, /has 512 MiB left/);
    });

    test("memory that others have taken", async () => {
      const mounts = `mount --bind ${rig.folder}/meminfo /proc/meminfo; exec "$@"`;
      const within = ["unshare", "--mount", "--propagation", "private", "sh", "-c", mounts, "sh"];
      await using poor = await startSshd({ within });
      const { findings } = await rig.examine({
        machines: [`${rig.elsewhere("poor")} ${native}`],
        sshd: poor,
      });
      // Where a part of /proc is covered no sandbox can be made: what is said of that is not this story.
      const { finding } = findings.find(({ link }) => link === "memory")!;
      assert.deepEqual([finding.code, finding.severity], ["MEMORY_LOW", "warning"]);
      assert.match(finding.seen, /98 MiB of memory left/);
    });

    for (const [code, options, why] of [
      ["HERE_DISK_FULL", "size=2m", "bytes"],
      ["HERE_INODES_FULL", "nr_inodes=4", "inodes"],
    ] as const)
      test(`a disk here that has no ${why} left for what comes home`, async () => {
        const store = join(rig.folder, code);
        mkdirSync(store);
        const mounts = `mount -t tmpfs -o ${options} tmpfs ${store}
          head -c 4M /dev/zero > ${store}/filler 2>/dev/null
          exec "$@"`;
        const within = ["unshare", "--mount", "--propagation", "private", "sh", "-c", mounts, "sh"];
        const { out } = await rig.run({ machines: [], env: { NIX_STORE_DIR: store }, within });
        const { findings } = JSON.parse(out);
        const found = findings.find((one: { code: string }) => one.code === code);
        assert.match(JSON.stringify(found?.cure), /df -h/, out);
      });

    test("a disk that has no inodes left", async () => {
      const found = await rig.examine({ machines: [`${rig.elsewhere("few")} ${native}`], sshd: small });
      found.assertOnly("INODES_FULL", /df -i/);
    });

    test("kvm that is claimed and cannot be opened", async () => {
      const uri = rig.elsewhere("kvm", "--option", "system-features", "kvm");
      const found = await rig.examine({ machines: [`${uri} ${native} - 1 1 kvm`], sshd: small });
      found.assertOnly("KVM_UNUSABLE", /modprobe kvm/);
    });
  });
});

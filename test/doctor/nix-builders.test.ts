import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { NIX_SUITES, NixRoot, withoutNix } from "#rig/nix-root.ts";
import { startServer } from "#rig/process.ts";
import { type Sshd, startSshd, withoutSshd } from "#rig/sshd.ts";
import { DoctorRig } from "./doctor-rig.ts";

for (const suite of NIX_SUITES)
  test(`real Nix of ${suite} in order raises nothing`, {
    skip: withoutSshd || withoutNix(suite),
  }, async () => {
    await using rig = await DoctorRig.start();
    using nix = new NixRoot(suite, "doctor-fine");
    await nix.run(["nix-store", "--init"]);
    await using sshd = await startSshd({ within: nix.within });
    const machines = ["ssh-ng", "ssh"].map((scheme) => `${scheme}://rig x86_64-linux - 2 1 big-parallel`);
    (await rig.examine({ machines, sshd })).assertHealthy();
  });

describe("real Nix that is not in order", {
  skip: withoutSshd || withoutNix("trixie"),
  concurrency: 3,
}, () => {
  const open = new AsyncDisposableStack();
  let rig: DoctorRig;
  let nix: NixRoot;
  let sshd: Sshd;
  before(async () => {
    rig = open.use(await DoctorRig.start());
    nix = open.use(new NixRoot("trixie", "doctor"));
    await nix.run(["nix-store", "--init"]);
    await nix.run(["sh", "-c", USERS]);
    open.use(await daemonOf(nix));
    sshd = open.use(await startSshd({ within: nix.within }));
  });
  after(() => open.disposeAsync());

  const machine = (user: string) => `ssh-ng://${user}@rig x86_64-linux`;

  test("a user whom the daemon does not trust", async () => {
    const found = await rig.examine({ machines: [machine("doctor-stranger")], sshd });
    found.assertOnly("UNTRUSTED", /extra-trusted-users = doctor-stranger/);
    assert.match(found.diagnosis.builders[0]!.links.find(({ link }) => link === "build")!.said, /^verified/);
  });

  test("an account with nologin for a shell", async () => {
    const found = await rig.examine({ machines: [machine("doctor-nologin")], sshd });
    found.assertOnly("SHELL_NOLOGIN", /usermod --shell/);
  });

  test("a shell that greets", async () => {
    const found = await rig.examine({ machines: [machine("doctor-noisy")], sshd });
    const { finding } = found.assertOnly("SHELL_NOISY", /case \$- in/);
    assert.match(finding.seen, /hello from bashrc/);
  });

  test("a feature that the line claims and Nix there has not", async () => {
    const found = await rig.examine({
      machines: [`ssh-ng://rig x86_64-linux - 1 1 big-parallel,quantum`],
      sshd,
    });
    found.assertOnly("FEATURE_ABSENT", /quantum/);
  });

  test("a system that the line claims and Nix there has not", async () => {
    const found = await rig.examine({ machines: [`ssh-ng://rig x86_64-linux,aarch64-linux`], sshd });
    const { finding } = found.assertOnly("SYSTEM_WRONG", /extra-platforms = aarch64-linux/);
    assert.match(finding.seen, /it is x86_64-linux|it does not/);
  });

  test("Nix that is there and not on the PATH of ssh's commands", async () => {
    const found = await rig.examine({ machines: [machine("doctor-pathless")], sshd });
    const { finding } = found.assertOnly(
      "PROGRAM_MISSING",
      /remote-program=\/home\/doctor-pathless\/\.nix-profile\/bin\/nix-daemon/,
    );
    assert.match(finding.seen, /is there, and not on the PATH/);
  });

  test("a daemon that does not run", async () => {
    using down = new NixRoot("trixie", "doctor-down");
    await down.run(["nix-store", "--init"]);
    await using other = await startSshd({ within: down.within });
    const found = await rig.examine({ machines: [machine("doctor-stranger")], sshd: other });
    found.assertOnly("REMOTE_DAEMON_DOWN", /systemctl enable --now nix-daemon\.socket/);
  });

  test("a cache that does not answer from there", async () => {
    await using other = await startSshd({
      within: nix.within,
      config: ['SetEnv "NIX_CONFIG=substituters = http://127.0.0.1:9"'],
    });
    const found = await rig.examine({ machines: ["ssh-ng://rig x86_64-linux"], sshd: other });
    const { finding } = found.assertOnly("BUILDER_CACHE_UNREACHABLE", /fallback = true/);
    assert.match(finding.seen, /127\.0\.0\.1:9/);
  });

  test("builders that an untrusted user sets, and the daemon here drops", {
    skip: process.getuid?.() !== 0,
  }, async () => {
    const socket = `${nix.nixFolder}/var/nix/daemon-socket/socket`;
    assert.ok(existsSync(socket));
    const { out } = await rig.run({
      machines: [],
      env: { NIX_DAEMON_SOCKET_PATH: socket, NIX_CONFIG: "builders = ssh-ng://gone.invalid x86_64-linux" },
      uid: 65534,
    });
    const { findings } = JSON.parse(out);
    const dropped = findings.find(({ code }: { code: string }) => code === "SETTINGS_DROPPED");
    assert.match(JSON.stringify(dropped), /builders \(NIX_CONFIG:1\).*extra-trusted-users = nobody/s);
    assert.ok(findings.some(({ code }: { code: string }) => code === "DAEMON_UNTRIED"));
  });
});

/** Accounts with what is wrong with each of them. */
const USERS = `
account() {
  id "$1" >/dev/null 2>&1 || useradd --create-home --shell "$2" --password '*' "$1"
}
account doctor-stranger /bin/sh
account doctor-nologin /usr/sbin/nologin
account doctor-noisy /bin/bash
echo 'echo hello from bashrc' > /home/doctor-noisy/.bashrc
account doctor-pathless /bin/bash
echo 'PATH=/home/doctor-pathless/bin' > /home/doctor-pathless/.bashrc
mkdir -p /home/doctor-pathless/bin /home/doctor-pathless/.nix-profile/bin
for tool in sh id uname date df tail tr sed grep; do ln -sf "$(command -v $tool)" /home/doctor-pathless/bin/; done
ln -sf "$(command -v nix-daemon)" /home/doctor-pathless/.nix-profile/bin/`;

async function daemonOf(nix: NixRoot): Promise<AsyncDisposable> {
  await nix.run(["mkdir", "-p", "/nix/var/nix/daemon-socket"]);
  const settings = "NIX_CONFIG=trusted-users = root\nbuild-users-group =\nsandbox = false\nsubstituters =";
  return await startServer([...nix.within, "env", settings, "nix-daemon"], {
    socket: `${nix.nixFolder}/var/nix/daemon-socket/socket`,
  });
}

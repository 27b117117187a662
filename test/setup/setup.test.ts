import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { NIX_SUITES, withoutNix } from "#rig/nix-root.ts";
import { withoutSshd } from "#rig/sshd.ts";
import { SetupRig } from "./setup-rig.ts";

const withoutRoot = process.getuid?.() === 0 ? false : "the system's paths are root's";
const skip = withoutSshd || withoutRoot;

test("a builder is set up with one command, builds, and is taken back without a trace", {
  skip,
}, async () => {
  await using rig = await SetupRig.start();
  writeFileSync(join(rig.folder, "etc/nix.conf"), "# mine\nsandbox = true\nmax-jobs = 4\n");
  writeFileSync(rig.authorizedKeys, "ssh-ed25519 AAAAother somebody\n");
  const before = rig.snapshot();
  const done = await rig.elsewhere("setup", "builder", "rig", "--yes", "--never-here", "--features", "kvm");
  assert.equal(done.code, 0, done.err);
  assert.match(done.err, /it answers.*trusts you/);
  assert.equal(
    rig.read("etc/nix.conf"),
    `# mine\nsandbox = true\nmax-jobs = 0\nbuilders = @${rig.folder}/etc/machines\nbuilders-use-substitutes = true\n`,
  );
  const key = rig.read("home/.ssh/elsewhere_ed25519.pub").trim();
  assert.equal(rig.modeOf("home/.ssh/elsewhere_ed25519"), 0o600);
  assert.equal(rig.modeOf("home/.ssh"), 0o700);
  assert.equal(
    rig.read("there/.ssh/authorized_keys"),
    `ssh-ed25519 AAAAother somebody\nrestrict,command="${rig.folder}/there/elsewhere/bin/elsewhere serve --store ${rig.folder}/there/elsewhere-store" ${key}\n`,
  );
  const line = rig.read("etc/machines").trim().split(" ");
  assert.deepEqual(
    [line[0], line[2], line[5], line[7]],
    ["ssh-ng://rig", `${rig.folder}/home/.ssh/elsewhere_ed25519`, "kvm", rig.sshd.publicHostKey],
  );

  rig.closeOwnLogin();
  const asked = await rig.elsewhere("builders", "--json");
  assert.equal(asked.code, 0, asked.err);
  assert.equal(JSON.parse(asked.out)[0].reachable, true);

  rig.openOwnLogin();
  const undone = await rig.elsewhere("setup", "--undo", "--yes");
  assert.equal(undone.code, 0, undone.err);
  assert.deepEqual(rig.snapshot(), before);
  assert.match((await rig.elsewhere("setup", "list")).out, /taken back +use ssh-ng:\/\/rig/);
});

for (const suite of NIX_SUITES)
  test(`a builder with Nix of ${suite} takes builds and nothing else from the key, by both protocols`, {
    skip: skip || withoutNix(suite),
  }, async () => {
    await using rig = await SetupRig.start(suite);
    const done = await rig.elsewhere("setup", "builder", "rig", "--yes");
    assert.equal(done.code, 0, done.err);
    rig.closeOwnLogin();
    for (const scheme of ["ssh-ng", "ssh"]) {
      const machine = rig.read("etc/machines").trim().replace("ssh-ng://", `${scheme}://`);
      const asked = await rig.elsewhere("builders", "--json", "--builders", machine);
      assert.equal(JSON.parse(asked.out)[0].reachable, true, asked.err);
    }
  });

test("nothing is written before somebody agrees", { skip }, async () => {
  await using rig = await SetupRig.start();
  const before = rig.snapshot();
  const shown = await rig.elsewhere("setup", "builder", "rig", "--dry-run");
  assert.equal(shown.code, 0, shown.err);
  assert.match(shown.err, /\+builders = @/);
  assert.doesNotMatch(shown.err, /PRIVATE KEY/);
  const unasked = await rig.elsewhere("setup", "builder", "rig");
  assert.equal(unasked.code, 1);
  assert.match(unasked.err, /nothing was done: --yes/);
  assert.deepEqual(rig.snapshot(), before);
});

test("what others changed since stays, and what they changed again is said", { skip }, async () => {
  await using rig = await SetupRig.start();
  writeFileSync(join(rig.folder, "etc/machines"), "ssh-ng://old x86_64-linux - 1 1 - - -\n");
  assert.equal((await rig.elsewhere("setup", "builder", "rig", "--yes")).code, 0);
  appendFileSync(join(rig.folder, "etc/nix.conf"), "cores = 3\n");
  writeFileSync(
    join(rig.folder, "etc/machines"),
    rig.read("etc/machines").replace(/ssh-ng:\/\/rig .*/, "ssh-ng://rig x86_64-linux - 99"),
  );
  const undone = await rig.elsewhere("setup", "undo", "--yes");
  assert.equal(undone.code, 1);
  assert.match(undone.err, /machines' was changed since, in the same lines/);
  assert.equal(rig.read("etc/nix.conf"), "cores = 3\n");
  assert.match(rig.read("etc/machines"), /ssh-ng:\/\/rig x86_64-linux - 99/);
});

test("a second builder, and the same one again, join what is there", { skip }, async () => {
  await using rig = await SetupRig.start();
  assert.equal((await rig.elsewhere("setup", "builder", "rig", "--yes")).code, 0);
  const first = rig.snapshot();
  const again = await rig.elsewhere("setup", "builder", "rig", "--yes");
  assert.equal(again.code, 0, again.err);
  assert.match(again.err, /nothing to change/);
  assert.deepEqual(rig.snapshot(), first);
  const config = join(rig.sshd.folder, "ssh_config");
  writeFileSync(config, `Include ${rig.folder}/home/.ssh/config\n${readFileSync(config, "utf8")}`);
  const other = await rig.elsewhere("setup", "builder", "rig", "--yes", "--alias", "box", "-j", "7");
  assert.equal(other.code, 0, other.err);
  assert.match(
    rig.read("home/.ssh/config"),
    /^# elsewhere: box\nHost box\n {2}HostName 127\.0\.0\.1\n {2}Port \d+\n/,
  );
  assert.match(rig.read("etc/machines"), /^ssh-ng:\/\/rig .*\nssh-ng:\/\/box \S+ \S+ 7 1 /);
});

test("a host with another key than before is not set up", { skip }, async () => {
  await using rig = await SetupRig.start();
  const before = rig.snapshot();
  writeFileSync(
    join(rig.sshd.folder, "known_hosts"),
    "rig ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEfyU0pXUHX7dA8RsIhFaIKDsRBCwrhQT0rY3rMU5Zp4\n",
  );
  const refused = await rig.elsewhere("setup", "builder", "rig", "--yes");
  assert.equal(refused.code, 1);
  assert.match(refused.err, /SETUP_HOST_KEY_CHANGED/);
  const other = await rig.elsewhere("setup", "builder", "rig", "--yes", "--host-key", "SHA256:other");
  assert.equal(other.code, 1);
  assert.deepEqual(rig.snapshot(), before);
});

test("a new host is believed by the fingerprint that was named, or by a yes", { skip }, async () => {
  await using rig = await SetupRig.start();
  writeFileSync(join(rig.sshd.folder, "known_hosts"), "");
  const unasked = await rig.elsewhere("setup", "builder", "rig");
  assert.equal(unasked.code, 1);
  const [fingerprint] = /SHA256:\S+/.exec(unasked.err)!;
  const shown = await rig.elsewhere("setup", "builder", "rig", "--dry-run", "--host-key", fingerprint!);
  assert.equal(shown.code, 0, shown.err);
  assert.match(shown.err, /serve --store/);
});

test("a configuration that is declared is left alone, with the way to declare this", { skip }, async () => {
  await using rig = await SetupRig.start();
  mkdirSync(join(rig.folder, "nix/store/abc-etc"), { recursive: true });
  writeFileSync(join(rig.folder, "nix/store/abc-etc/nix.conf"), "sandbox = true\n");
  symlinkSync(join(rig.folder, "nix/store/abc-etc/nix.conf"), join(rig.folder, "etc/nix.conf"));
  const refused = await rig.elsewhere("setup", "builder", "rig", "--yes");
  assert.equal(refused.code, 1);
  assert.match(refused.err, /Cannot change '.*nix\.conf': it is .*SETUP_DECLARED/s);
  assert.match(refused.err, /module/);
});

test("this machine becomes a builder for a key, and prints the line for the client", { skip }, async () => {
  await using rig = await SetupRig.start();
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEfyU0pXUHX7dA8RsIhFaIKDsRBCwrhQT0rY3rMU5Zp4 me@laptop";
  const refused = await rig.elsewhere("setup", "serve", "--key", key);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /--user/);
  const shown = await rig.elsewhere("setup", "serve", "--user", "elsewhere-x", "--key", key, "--dry-run");
  assert.equal(shown.code, 0, shown.err);
  assert.match(shown.err, /useradd --system --create-home/);
  assert.match(
    shown.err,
    /\+restrict,command=".*bin\/elsewhere serve --store \/srv\/elsewhere" ssh-ed25519 AAAA/,
  );
});

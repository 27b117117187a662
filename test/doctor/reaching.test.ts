import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { freePort, withoutSshd } from "#rig/sshd.ts";
import { DoctorRig } from "./doctor-rig.ts";

const notRoot = process.getuid?.() === 0 ? false : "needs root, to be somebody else";
const NOBODY = 65534;

describe("a way to a builder that is broken", { skip: withoutSshd, concurrency: 3 }, () => {
  let rig: DoctorRig;
  before(async () => {
    rig = await DoctorRig.start();
  });
  after(() => rig[Symbol.asyncDispose]());

  const keyed = (key: string) => `${rig.elsewhere("keyed")} x86_64-linux ${key} 1 1`;
  const newKey = (name: string, passphrase = "") => {
    const file = join(rig.folder, name);
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-C", "", "-f", file]);
    return file;
  };
  /** Of the rig's ssh_config without its own key. */
  const keyless = (name: string) => {
    const file = join(rig.folder, name);
    const text = readFileSync(join(rig.sshd.folder, "ssh_config"), "utf8");
    writeFileSync(file, text.replace(/^ *IdentityFile.*$/m, ""));
    return { ...rig.sshd, sshOptions: ["-F", file] };
  };

  test("a builder in order raises nothing", async () => {
    (
      await rig.examine({ machines: [`${rig.elsewhere("fine")} x86_64-linux,i686-linux - 2 1 big-parallel`] })
    ).assertHealthy();
  });

  test("a key that the builder does not know", async () => {
    const key = newKey("wrong_key");
    const found = await rig.examine({ machines: [keyed(key)], sshd: keyless("wrong_config") });
    const { finding, link } = found.assertOnly("LOGIN_REFUSED", /ssh-copy-id -i .*wrong_key\.pub/);
    assert.equal(link, "login");
    assert.match(finding.seen, /Permission denied/);
  });

  test("a key that is not there", async () => {
    (await rig.examine({ machines: [keyed("/no/such/key")] })).assertOnly(
      "KEY_MISSING",
      /ssh-keygen -t ed25519/,
    );
  });

  test("a key that this user may not read", { skip: notRoot }, async () => {
    const key = newKey("root_key");
    const { code, out } = await rig.run({ machines: [keyed(key)], uid: NOBODY });
    const { findings } = JSON.parse(out);
    assert.equal(code, 1);
    assert.equal(findings[0].code, "KEY_UNREADABLE");
    assert.match(JSON.stringify(findings[0].cure), /sudo elsewhere doctor/);
  });

  test("a key that others may read", async () => {
    const key = newKey("open_key");
    chmodSync(key, 0o644);
    const { finding } = (await rig.examine({ machines: [keyed(key)] })).assertOnly("KEY_MODE", /chmod 600/);
    assert.deepEqual(finding.fix, {
      kind: "chmod",
      why: "let only its owner read the key",
      file: key,
      mode: 0o600,
    });
  });

  test("a key with a passphrase, and no agent", async () => {
    const key = newKey("encrypted_key", "secret");
    (await rig.examine({ machines: [keyed(key)] })).assertOnly("KEY_ENCRYPTED", /ssh-add/);
  });

  test("a public key in the place of the private one", async () => {
    const key = newKey("halves_key");
    (await rig.examine({ machines: [keyed(`${key}.pub`)] })).assertOnly(
      "KEY_NOT_PRIVATE",
      new RegExp(`${key}$`, "m"),
    );
  });

  test("a host key that nobody vouched for", async () => {
    const known = join(rig.folder, "unknown_hosts");
    const sshOptions = ["-o", `UserKnownHostsFile=${known}`];
    const found = await rig.examine({ machines: [`${rig.elsewhere("unknown")} x86_64-linux`], sshOptions });
    const { finding } = found.assertOnly("HOST_KEY_UNKNOWN", /echo 'rig ssh-ed25519 AAAA/);
    assert.match(finding.seen, /SHA256:/);
    assert.equal(finding.fix?.kind === "edit" && finding.fix.file, known);
  });

  test("a host key that is another than it was", async () => {
    const known = join(rig.folder, "changed_hosts");
    writeFileSync(known, `rig ${readFileSync(`${newKey("other_host")}.pub`, "utf8")}`);
    const sshOptions = ["-o", `UserKnownHostsFile=${known}`];
    const found = await rig.examine({ machines: [`${rig.elsewhere("changed")} x86_64-linux`], sshOptions });
    const { finding } = found.assertOnly("HOST_KEY_CHANGED", /ssh-keygen -R rig -f .*changed_hosts/);
    assert.equal(finding.fix, undefined);
  });

  test("a host key that is not the pinned one", async () => {
    const pinned = Buffer.from(readFileSync(`${newKey("pinned_host")}.pub`, "utf8").trim()).toString(
      "base64",
    );
    const machines = [`${rig.elsewhere("pinned")} x86_64-linux - 1 1 - - ${pinned}`];
    (await rig.examine({ machines })).assertOnly("HOST_KEY_PINNED", new RegExp(rig.sshd.publicHostKey));
  });

  test("a name that nobody knows: a stale line", async () => {
    const found = await rig.examine({ machines: ["ssh-ng://gone.invalid x86_64-linux"] });
    const { finding } = found.assertOnly("NAME_UNKNOWN", /sed -i '1d' .*machines/);
    assert.match(finding.seen, /gone\.invalid/);
  });

  test("a port where nothing listens", async () => {
    const machines = [`ssh-ng://127.0.0.1:${await freePort()} x86_64-linux`];
    (await rig.examine({ machines })).assertOnly("PORT_REFUSED", /enable --now ssh/);
  });

  test("a port where something else listens", async () => {
    const server = createServer((socket) => socket.end("220 mail at your service\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const found = await rig.examine({ machines: [`ssh-ng://127.0.0.1:${port} x86_64-linux`] });
    server.close();
    const { finding } = found.assertOnly("PORT_NOT_SSH", /Port PORT/);
    assert.match(finding.seen, /220 mail/);
  });

  /** A network with one address that takes everything and answers nothing. */
  const blackHole = [
    "unshare",
    "--net",
    "sh",
    "-c",
    `ip link set lo up; ip link add near type veth peer name far
    ip addr add 10.98.76.1/24 dev near; ip link set near up; ip link set far up
    ip neigh add 10.98.76.5 lladdr 02:00:00:00:00:01 dev near; exec "$@"`,
    "sh",
  ];

  test("an address that swallows everything", { skip: notRoot }, async () => {
    const { code, out } = await rig.run({
      machines: ["ssh-ng://10.98.76.5 x86_64-linux"],
      within: blackHole,
    });
    const { findings } = JSON.parse(out);
    assert.equal(code, 1);
    assert.deepEqual(
      findings.map((finding: { code: string }) => finding.code),
      ["PORT_TIMEOUT"],
    );
    assert.match(JSON.stringify(findings[0].cure), /ConnectTimeout 5/);
  });

  test("an address that no road leads to", { skip: notRoot }, async () => {
    const { code, out } = await rig.run({ machines: ["ssh-ng://192.0.2.7 x86_64-linux"], within: blackHole });
    const { findings } = JSON.parse(out);
    assert.equal(code, 1);
    assert.deepEqual(
      findings.map((finding: { code: string }) => finding.code),
      ["PORT_UNREACHABLE"],
    );
    assert.match(JSON.stringify(findings[0].cure), /ip route get 192\.0\.2\.7/);
  });

  test("options for ssh that ssh does not know", async () => {
    const found = await rig.examine({
      machines: [`${rig.elsewhere("options")} x86_64-linux`],
      sshOptions: ["-o", "NoSuchOption=1"],
    });
    const { finding } = found.assertOnly("SSH_CONFIG", /ssh -G rig/);
    assert.match(finding.seen, /nosuchoption/i);
  });

  test("what is safe to mend is mended, shown first and kept", async () => {
    const key = join(rig.folder, "mended_key");
    copyFileSync(rig.sshd.keyFile, key);
    chmodSync(key, 0o640);
    const known = join(rig.folder, "mended_hosts");
    const machine = `${rig.elsewhere("mended")} x86_64-linux / ${key} 1 1`;
    const { code, out, err, folder } = await rig.run({
      machines: [`# ours`, machine],
      sshOptions: ["-o", `UserKnownHostsFile=${known}`],
      words: ["--fix", "--yes"],
    });
    assert.match(err, /chmod 600 .*mended_key/);
    assert.match(err, /^-.* \/ .*mended_key 1 1$/m);
    assert.match(
      readFileSync(join(folder, "machines"), "utf8"),
      /^# ours\n.* x86_64-linux \S*mended_key 1 1\n$/,
    );
    // The host key is met once the key can be used.
    assert.equal(code, 1, out);
    assert.match(out, /HOST_KEY_UNKNOWN/);
  });
});

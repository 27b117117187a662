import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { withoutNix } from "#rig/nix-root.ts";
import { freePort, withoutSshd } from "#rig/sshd.ts";
import { checkout, DoctorRig } from "./doctor-rig.ts";

const native = process.arch === "x64" ? "x86_64-linux" : "aarch64-linux";

describe("a client that is not in order", { skip: withoutSshd, concurrency: 3 }, () => {
  let rig: DoctorRig;
  let uri: string;
  before(async () => {
    rig = await DoctorRig.start();
    uri = await rig.near();
  });
  after(() => rig[Symbol.asyncDispose]());

  const program = (name: string, text: string) => {
    const folder = join(rig.folder, name);
    writeFileSync(folder, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return folder;
  };

  test("a line whose fields are shifted is told in full, with the line that was meant", async () => {
    const found = await rig.examine({ machines: [`${uri} ${native} / - 8 1 benchmark,big-parallel`] });
    const { finding } = found.assertOnly(
      "LINE_SHIFTED",
      new RegExp(` ${native} - 8 1 benchmark,big-parallel$`),
    );
    assert.match(
      finding.seen,
      /machines:1:1.*identity file '\/', 1 job, speed 8, features '1', mandatory features 'benchmark' 'big-parallel'/,
    );
    assert.equal(finding.fix?.kind === "edit" && finding.fix.line, 1);
    assert.match(found.diagnosis.builders[0]!.links.find(({ link }) => link === "build")!.said, /^verified/);
  });

  test("a list with a blank after its comma", async () => {
    const found = await rig.examine({ machines: [`${uri} ${native} - 8 1 benchmark, big-parallel`] });
    found.assertOnly("LINE_SPLIT_LIST", /benchmark,big-parallel$/);
  });

  test("a builder by http", async () => {
    const found = await rig.examine({
      machines: [`${rig.elsewhere("http").replace("ssh-ng:", "http:")} ${native}`],
    });
    found.assertOnly("LINE_SCHEME", /^ssh-ng:\/\/rig/m);
  });

  test("a builder that stands twice", async () => {
    const found = await rig.examine({ machines: [`${uri} ${native}`, "", `${uri} ${native} - 4`] });
    const { finding } = found.assertOnly("LINE_DUPLICATE", /Keep one/);
    assert.match(finding.seen, /machines:3:1.*machines:1:1/);
  });

  test("features that are mandatory where nobody else takes ordinary builds", async () => {
    const found = await rig.examine({ machines: [`${uri} ${native} - 2 1 - big-parallel`] });
    const { finding } = found.assertOnly("LINE_MANDATORY", / 2 1 big-parallel$/m);
    assert.match(finding.seen, /'big-parallel' is mandatory/);
  });

  test("a builder that may run nothing", async () => {
    (await rig.examine({ machines: [`${uri} ${native} - 0 1`] })).assertOnly("LINE_NO_JOBS", /field 4/);
  });

  test("a semicolon in a list", async () => {
    const found = await rig.examine({ machines: [`${uri} ${native} - 2 1 benchmark;big-parallel`] });
    const { finding } = found.assertOnly("LINE_NOT_A_HOST", /commas/);
    assert.match(finding.seen, /'big-parallel' is taken for a builder's name/);
  });

  test("a host key that was not encoded as a whole", async () => {
    const bare = readFileSync(join(rig.sshd.folder, "host_key.pub"), "utf8").split(" ")[1]!.trim();
    const found = await rig.examine({ machines: [`${uri} ${native} - 2 1 - - ${bare}`] });
    found.assertOnly("LINE_HOST_KEY", /base64 -w0/);
  });

  test("a port in the URI, for a Nix that takes it for a part of the name", {
    skip: withoutNix("bookworm"),
  }, async () => {
    const real = program("nix", `exec ${checkout}/scripts/nix-root run bookworm doctor-old nix "$@"`);
    const known = readFileSync(join(rig.sshd.folder, "known_hosts"), "utf8");
    assert.match(known, new RegExp(`:${rig.sshd.port} `));
    const direct = `ssh-ng://${rig.sshd.user}@127.0.0.1:${rig.sshd.port}?${rig.elsewhere("old").split("?")[1]}`;
    const found = await rig.examine({
      machines: [`${direct} ${native}`],
      env: { PATH: `${join(real, "..")}:${process.env.PATH}` },
    });
    const { finding } = found.assertOnly("LINE_PORT", /Port PORT/);
    assert.match(finding.seen, /2\.8/);
  });

  test("a machines file in Lix's form is in order as well", async () => {
    const text = [
      "version = 1",
      "[machines.near]",
      `uri = "${uri}"`,
      `system-types = ["${native}"]`,
      "jobs = 2",
    ];
    (await rig.examine({ machines: text, conf: "max-jobs = 0" })).assertHealthy();
  });

  test("nobody who could build", async () => {
    const found = await rig.examine({ machines: [`${uri} i686-linux`], conf: "max-jobs = 0" });
    found.assertOnly("SYSTEM_UNCOVERED", /max-jobs = auto/);
  });

  test("no builders at all", async () => {
    (await rig.examine({ machines: [] })).assertOnly("NO_BUILDERS", /elsewhere setup builder/);
  });

  test("builders in a file that is not there", async () => {
    const found = await rig.examine({ machines: [], conf: "builders = @/no/such/machines" });
    const { finding } = found.assertOnly("MACHINES_FILE_MISSING", /no\/such\/machines/);
    assert.match(finding.seen, /nix\.conf:3/);
  });

  test("a setting that is misspelt", async () => {
    const found = await rig.examine({ machines: [`${uri} ${native}`], conf: "max-job = 4\ntarball-ttl = 0" });
    const { finding } = found.assertOnly("CONF_UNKNOWN_SETTING", /^max-jobs = 4$/m);
    assert.match(finding.seen, /nix\.conf:3/);
  });

  test("a configuration that cannot be read", async () => {
    const found = await rig.examine({ machines: [], conf: "max-jobs 4" });
    const { finding } = found.assertOnly("CONF_UNREADABLE", /./);
    assert.match(finding.seen, /nix\.conf:3/);
  });

  test("a cache that does not answer", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const found = await rig.examine({
      machines: [`${uri} ${native}`],
      conf: `substituters = ${url} file://${rig.folder}`,
    });
    const { finding } = found.assertOnly("CACHE_UNREACHABLE", /fallback = true/);
    assert.match(finding.seen, /connection refused/);
  });

  test("a daemon that left its socket and is gone", async () => {
    const socket = join(rig.folder, "socket");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    const left = `${socket}-left`;
    // Closing removes the socket under its own name only.
    const { renameSync } = await import("node:fs");
    renameSync(socket, left);
    await new Promise((resolve) => server.close(resolve));
    const found = await rig.examine({
      machines: [`${uri} ${native}`],
      env: { NIX_DAEMON_SOCKET_PATH: left },
    });
    found.assertOnly("DAEMON_DOWN", /systemctl enable --now nix-daemon\.socket/);
  });

  test("a Nix that does not run", async () => {
    const folder = join(rig.folder, "broken");
    const { mkdirSync } = await import("node:fs");
    mkdirSync(folder);
    program("broken/nix", "echo 'nix: error while loading shared libraries' >&2; exit 127");
    const found = await rig.examine({
      machines: [`${uri} ${native}`],
      env: { PATH: `${folder}:${process.env.PATH}` },
    });
    found.assertOnly("NIX_BROKEN", /command -v nix/);
  });
});

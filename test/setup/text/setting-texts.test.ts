import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseSurvey } from "#setup/builder-survey.ts";
import { parsePasswd } from "#setup/login-names.ts";
import { builderCommand } from "#setup/plan/builder-command.ts";
import { forcedCommandLine, parsePublicKey, withAuthorizedKey } from "#setup/text/authorized-key.ts";
import { withSettings } from "#setup/text/conf-text.ts";
import { targetOf, withSshHost } from "#setup/text/ssh-config-text.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEfyU0pXUHX7dA8RsIhFaIKDsRBCwrhQT0rY3rMU5Zp4 me@laptop";

test("a setting is changed where it stands, the last one of several, and others are added", () => {
  const before = "# builders = x\nbuilders = a\nmax-jobs = 4 # few\nbuilders = b\nextra-builders = c\n";
  assert.equal(
    withSettings(before, [
      ["builders", "@/m"],
      ["max-jobs", "4"],
      ["fallback", "true"],
    ]),
    "# builders = x\nbuilders = a\nmax-jobs = 4 # few\nbuilders = @/m\nextra-builders = c\nfallback = true\n",
  );
  assert.equal(withSettings("", [["a", "b"]]), "a = b\n");
});

test("an entry of ssh's configuration comes first, and is replaced where it stands", () => {
  const entry = { alias: "box", target: targetOf(new Map([["hostname", "10.0.0.1"]])), keyFile: "/k" };
  const once = withSshHost("Host *\n  User me\n", entry);
  assert.match(
    once,
    /^# elsewhere: box\nHost box\n {2}HostName 10\.0\.0\.1\n[\s\S]*# elsewhere: end\n\nHost \*/,
  );
  assert.equal(withSshHost(once, entry), once);
  const moved = withSshHost(once, { ...entry, target: new Map([["HostName", "10.0.0.2"]]) });
  assert.equal(moved, once.replace("10.0.0.1", "10.0.0.2"));
  assert.throws(() => withSshHost("# elsewhere: box\nHost box\n", entry), { code: "SETUP_BLOCK" });
});

test("a key is let in for one command, whatever stands in it", () => {
  const line = forcedCommandLine(parsePublicKey(KEY), `/bin/sh -c 'echo "$SSH_ORIGINAL_COMMAND"'`);
  assert.equal(line, `restrict,command="/bin/sh -c 'echo \\"$SSH_ORIGINAL_COMMAND\\"'" ${KEY}`);
  assert.equal(withAuthorizedKey(`${KEY}\nother\n`, line), `other\n${line}\n`);
  assert.throws(() => forcedCommandLine(parsePublicKey(KEY), "a\nb"), { code: "SETUP_COMMAND" });
});

test("what is no public key is refused, options before one among it", () => {
  for (const text of [
    "",
    "ssh-ed25519",
    `command="x" ${KEY}`,
    "ssh-ed25519 nonsense",
    "-----BEGIN OPENSSH PRIVATE KEY-----",
  ])
    assert.throws(() => parsePublicKey(text), { code: "MALFORMED" });
});

test("a builder's Nix is let answer to both protocols, by any login shell", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-door-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of ["nix-daemon", "nix-store"])
    writeFileSync(join(folder, name), `#!/bin/sh\necho ${name} "$@"\n`, { mode: 0o755 });
  const command = builderCommand(
    surveyOf(`nix-daemon=${folder}/nix-daemon\nnix-store=${folder}/nix-store`),
    undefined,
  );
  const ask = (asked: string) =>
    execFileSync("/bin/sh", ["-c", command], { env: { SSH_ORIGINAL_COMMAND: asked }, encoding: "utf8" });
  assert.equal(ask("nix-store --serve --write"), "nix-store --serve --write\n");
  assert.equal(ask("nix-daemon --stdio"), "nix-daemon --stdio\n");
  assert.equal(ask("rm -rf /"), "nix-daemon --stdio\n");
});

test("a builder with Elsewhere serves a store of its own; one with nothing is refused", () => {
  const elsewhere = surveyOf("elsewhere=/opt/else where/bin/elsewhere");
  assert.equal(
    builderCommand(elsewhere, undefined),
    "'/opt/else where/bin/elsewhere' serve --store /home/me/elsewhere-store",
  );
  assert.throws(() => builderCommand(surveyOf(""), undefined), { code: "SETUP_NOTHING_BUILDS" });
  assert.throws(() => builderCommand(surveyOf("nix-daemon=/n\nnix-store=/s"), "/srv/x"), {
    code: "SETUP_NO_ELSEWHERE",
  });
});

test("what a builder says is read between whatever its login prints", () => {
  const survey = surveyOf("nix-system=\nmachine=arm64\nkernel=Darwin\nauthorized=a=b\nauthorized=c");
  assert.equal(survey.system, "aarch64-darwin");
  assert.deepEqual(survey.authorized, ["a=b", "c"]);
  assert.throws(() => parseSurvey("This account is not available.\n"), { code: "MALFORMED" });
});

test("users are read from passwd, and lines that are none passed over", () => {
  const users = parsePasswd("root:x:0:0:root:/root:/bin/sh\n\n+::::::\nme:x:1000:1000::/home/me:/bin/fish\n");
  assert.deepEqual(
    [...users.values()],
    [
      { name: "root", home: "/root" },
      { name: "me", home: "/home/me" },
    ],
  );
});

function surveyOf(more: string) {
  return parseSurvey(
    `Welcome!\nsurvey=1\nhome=/home/me\nuser=me\nkernel=Linux\nmachine=x86_64\n${more}\nend=1\nbye\n`,
  );
}

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { kindOfKey } from "#doctor/builder/kind-of-key.ts";
import { parseSurvey } from "#doctor/builder/survey.ts";
import { SURVEY_SCRIPT } from "#doctor/builder/survey-script.ts";
import { type Check, found, seen, unseen } from "#doctor/check.ts";
import type { ClientCase } from "#doctor/client/client-case.ts";
import { nearest } from "#doctor/client/nearest.ts";
import { cure } from "#doctor/cure.ts";
import { exitCodeOf } from "#doctor/diagnose.ts";
import { parseLaunchdState } from "#doctor/mac/launchd.ts";
import { isLocalNetwork } from "#doctor/mac/local-network.ts";
import { services } from "#doctor/mac/services.ts";
import { vm } from "#doctor/mac/vm.ts";
import { walk } from "#doctor/walk.ts";

const withoutKeygen = (() => {
  try {
    execFileSync("ssh-keygen", ["-?"], { stdio: "ignore" });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" && "ssh-keygen is not installed";
  }
  return false;
})();

const fault = { code: "NAME_UNKNOWN", severity: "fault", seen: "s", why: "w", cure: cure("c") } as const;

test("what needs a broken link is skipped, what does not is looked at all the same", async () => {
  const checks: Check<undefined>[] = [
    { link: "a", look: () => found("no", fault) },
    { link: "b", needs: ["a"], look: () => assert.fail("b was looked at") },
    { link: "c", needs: ["b"], look: () => assert.fail("c was looked at") },
    { link: "d", look: () => seen("yes") },
    { link: "e", needs: ["d"], look: () => Promise.reject(new Error("it broke\nhere")) },
    { link: "f", needs: ["absent"], look: () => seen("yes") },
    { link: "g", look: () => ({ kind: "absent" }) },
  ];
  const links = await walk(checks, undefined);
  assert.deepEqual(
    links.map(({ link, state }) => `${link} ${state}`),
    ["a fault", "b skipped", "c skipped", "d proven", "e unseen", "f proven"],
  );
  assert.equal(links[4]!.said, "it broke");
});

test("the exit code tells faults from what could not be seen", async () => {
  const code = async (...checks: Check<undefined>[]) =>
    exitCodeOf({ here: await walk(checks, undefined), builders: [] });
  const fine: Check<undefined> = { link: "fine", look: () => seen("yes") };
  const blind: Check<undefined> = { link: "blind", look: () => unseen("dark") };
  const broken: Check<undefined> = { link: "broken", look: () => found("no", fault) };
  assert.equal(await code(fine), 0);
  assert.equal(await code(fine, blind), 2);
  assert.equal(await code(fine, blind, broken), 1);
});

test("what a peer says cannot move the cursor", async () => {
  const [link] = await walk(
    [{ link: "a", look: () => seen("\x1b[2J\x1b[31mred\r\nfake ✓ line\x07") }],
    undefined,
  );
  assert.equal(link!.said, "red fake ✓ line");
});

test("keys are told apart by what they hold", { skip: withoutKeygen }, () => {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-keys-"));
  try {
    const make = (name: string, ...words: string[]) => {
      execFileSync("ssh-keygen", ["-q", "-C", "", "-f", join(folder, name), ...words]);
      return readFileSync(join(folder, name), "utf8");
    };
    assert.equal(kindOfKey(make("plain", "-t", "ed25519", "-N", "")), "plain");
    assert.equal(kindOfKey(make("locked", "-t", "ed25519", "-N", "secret")), "encrypted");
    assert.equal(kindOfKey(make("pem", "-t", "ecdsa", "-m", "PEM", "-N", "")), "plain");
    assert.equal(kindOfKey(make("lockedpem", "-t", "ecdsa", "-m", "PEM", "-N", "secret")), "encrypted");
    assert.equal(kindOfKey(make("pkcs8", "-t", "ecdsa", "-m", "PKCS8", "-N", "secret")), "encrypted");
    assert.equal(kindOfKey(readFileSync(join(folder, "plain.pub"), "utf8")), "public");
    assert.equal(kindOfKey("PuTTY-User-Key-File-3: ssh-ed25519"), "other");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a survey of this machine is read back", { skip: process.platform !== "linux" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-survey-"));
  writeFileSync(join(folder, "profile"), "");
  const text = execFileSync("sh", ["-c", SURVEY_SCRIPT, "word", `${folder}/nix/store`], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  const survey = parseSurvey(`Welcome!\n${text}bye\n`, "word");
  assert.equal(survey.isShell, true);
  assert.equal(survey.noise, "Welcome!\n");
  assert.equal(survey.folder, folder);
  assert.ok(survey.freeBytes! > 0 && survey.availableMemoryBytes! > 0);
  assert.ok(Math.abs(survey.seconds! - Date.now() / 1000) < 60);
});

test("what is no survey is noise, whatever it is", () => {
  assert.equal(parseSurvey("This account is currently not available.\n", "word").isShell, false);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.equal(parseSurvey(text, "nonce").noise, text);
      assert.equal(parseSurvey(`survey-begin=n\n${text}\nsurvey-end=n\n`, "n").isShell, true);
    }),
  );
});

test("a slip of the pen is found, a different word is not", () => {
  const names = ["max-jobs", "cores", "builders"];
  assert.equal(nearest("max-job", names), "max-jobs");
  assert.equal(nearest("buliders", names), "builders");
  assert.equal(nearest("frobnicate", names), undefined);
});

test("a Mac's services are read from launchd", async () => {
  const running = "system/org.nixos.nix-daemon = {\n\tstate = running\n\tlast exit code = 1\n}";
  const failed =
    "system/org.nixos.linux-builder = {\n\tstate = not running\n\tlast exit code = 78: EX_CONFIG\n}";
  assert.equal(parseLaunchdState(running), "running");
  assert.equal(parseLaunchdState(failed), "failed");
  assert.equal(parseLaunchdState("state = waiting\nlast exit code = (never exited)"), "waiting");
  const outside = {
    platform: "darwin",
    run: async (command: readonly string[]) => {
      const name = command.at(-1)!;
      const text = name.endsWith("linux-builder")
        ? failed
        : name.endsWith("org.nixos.nix-daemon")
          ? running
          : "";
      return { code: text ? 0 : 113, stdout: text, stderr: "" };
    },
  };
  const look = await services.look({ outside, daemon: { isUsed: true } } as unknown as ClientCase);
  assert.equal(look.kind, "seen");
  assert.deepEqual(
    look.findings.map(({ code, cure }) => [code, cure.type?.[0]]),
    [["SERVICE_DOWN", "sudo launchctl kickstart -k system/org.nixos.linux-builder"]],
  );
});

test("a virtual machine that does not run is told of as that", async () => {
  const outside = {
    platform: "darwin",
    network: { dial: async () => ({ kind: "refused", message: "connection refused" }) },
  };
  const machines = [{ machine: { uri: "ssh-ng://builder@linux-builder" } }];
  const look = await vm.look({ outside, machines } as unknown as ClientCase);
  assert.equal(look.kind, "seen");
  assert.match(look.findings[0]!.seen, /31022/);
});

test("macOS asks leave for the local network, not for the world", () => {
  for (const address of ["192.168.64.5", "10.0.0.1", "172.20.0.2", "169.254.1.1", "fe80::1", "fd00::1"])
    assert.equal(isLocalNetwork(address), true, address);
  for (const address of ["172.32.0.1", "127.0.0.1", "9.9.9.9", "2001:db8::1", "::1"])
    assert.equal(isLocalNetwork(address), false, address);
});

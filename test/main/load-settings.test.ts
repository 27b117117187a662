import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { confFiles, hostFacts, loadSettings } from "#main/load-settings.ts";

test("the command line outweighs NIX_CONFIG, that the user's files, those the system's", () => {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-settings-"));
  try {
    const write = (path: string, text: string) => {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      writeFileSync(join(folder, path), text);
    };
    write(
      "etc/nix.conf",
      "max-jobs = 1\ncores = 1\ntimeout = 1\nlog-lines = 1\nextra-trusted-users = a\n!include gone",
    );
    write("xdg/nix/nix.conf", "cores = 2\ntimeout = 2\nlog-lines = 2\nextra-trusted-users = b");
    write("home/nix/nix.conf", "timeout = 3\nlog-lines = 3\nextra-trusted-users = c");
    const env = {
      NIX_CONF_DIR: join(folder, "etc"),
      XDG_CONFIG_HOME: join(folder, "home"),
      XDG_CONFIG_DIRS: `${join(folder, "xdg")}:${join(folder, "none")}`,
      NIX_CONFIG: "log-lines = 4\nsandbox = relaxed",
    };
    const { settings } = loadSettings({ env, overrides: [["sandbox", "false"]] });
    const found = ["max-jobs", "cores", "timeout", "log-lines"] as const;
    assert.deepEqual(
      found.map((name) => settings[name]),
      [1, 2, 3, 4],
    );
    assert.equal(settings.sandbox, "false");
    assert.deepEqual(settings["trusted-users"], ["root", "a", "b", "c"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the user's files are those named, else those of the XDG folders, the first the weightiest", () => {
  assert.deepEqual(confFiles({ NIX_USER_CONF_FILES: "/a:/b" }), ["/etc/nix/nix.conf", "/b", "/a"]);
  assert.deepEqual(confFiles({ NIX_USER_CONF_FILES: "" }), ["/etc/nix/nix.conf"]);
  assert.deepEqual(confFiles({ HOME: "/h", NIX_CONF_DIR: "/c" }), [
    "/c/nix.conf",
    "/etc/xdg/nix/nix.conf",
    "/h/.config/nix/nix.conf",
  ]);
});

test("this machine has facts", () => {
  const facts = hostFacts();
  assert.ok(facts.cpus >= 1);
  assert.equal(facts.platform, process.platform);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { planKeepDaemon } from "#setup/plan/keep-daemon.ts";
import { formatLaunchdUnit, formatSystemdUnit } from "#setup/service-unit.ts";
import { hostOf } from "./setup-host.ts";

const unit = {
  label: "org.elsewhere.daemon",
  description: "a door",
  command: ["/opt/else where/bin/elsewhere", "daemon", "100%", "$x", 'a"b\\'] as [string, ...string[]],
  logFile: "/var/log/a&b.log",
};

test("a systemd service names its command as systemd reads it", () => {
  const text = formatSystemdUnit(unit, { user: false });
  assert.match(text, /^ExecStart="\/opt\/else where\/bin\/elsewhere" daemon "100%%" "\$\$x" "a\\"b\\\\"$/m);
  assert.match(text, /^WantedBy=multi-user\.target$/m);
  assert.match(formatSystemdUnit(unit, { user: true }), /^WantedBy=default\.target$/m);
});

test("a property list holds each word of the command, with what XML minds escaped", () => {
  const text = formatLaunchdUnit(unit);
  assert.equal(text.match(/^ {4}<string>/gm)?.length, 5);
  assert.match(text, /<string>\/var\/log\/a&amp;b\.log<\/string>/);
});

test("root on a machine with systemd gets a unit that is started, and stopped when it is taken back", () => {
  const plan = planKeepDaemon(hostOf({ isRoot: true, hasSystemd: true }), FACTS);
  assert.deepEqual(
    plan.changes.map((change) =>
      change.kind === "file" ? change.path : change.kind === "command" && change.undo,
    ),
    [
      "/etc/systemd/system/elsewhere-daemon.service",
      ["systemctl", "disable", "--now", "elsewhere-daemon.service"],
      "/etc/profile.d/elsewhere.sh",
    ],
  );
});

test("a person on a Mac gets an agent of their own session", () => {
  const plan = planKeepDaemon(hostOf({ platform: "darwin" }), { ...FACTS, everyone: false });
  const [file, start] = plan.changes;
  assert.equal(
    file?.kind === "file" && file.path,
    "/home/me/Library/LaunchAgents/org.elsewhere.daemon.plist",
  );
  assert.deepEqual(start?.kind === "command" && start.run, [
    "launchctl",
    "bootstrap",
    "gui/501",
    "/home/me/Library/LaunchAgents/org.elsewhere.daemon.plist",
  ]);
});

test("where systemd does not run, only the unit is written, and that is said", () => {
  const plan = planKeepDaemon(hostOf({ isRoot: true }), { ...FACTS, everyone: false });
  assert.equal(plan.changes.length, 1);
  assert.match(plan.notes[0]!, /systemd does not run here/);
});

const FACTS = { program: "/opt/elsewhere/bin/elsewhere", uid: 501, everyone: true };

import assert from "node:assert/strict";
import { test } from "node:test";
import { planUseHook } from "#setup/plan/use-hook.ts";
import { hostOf } from "./setup-host.ts";

const HOOK = "/opt/elsewhere/bin/elsewhere-hook";
const paths = {
  system: true,
  machines: "/etc/nix/machines",
  nixConf: "/etc/nix/nix.conf",
  sshConfig: "/root/.ssh/config",
  keyFile: "/root/.ssh/elsewhere_ed25519",
};
const root = hostOf({ isRoot: true, hasSystemd: true });
const pathsOf = (nixVersion: string | undefined, host = root) =>
  planUseHook(host, { hook: HOOK, paths, nixVersion, restart: [] }).changes.map(
    (change) => change.kind === "file" && change.path,
  );

test("Nix that reads the setting is told in nix.conf, and Nix that does not where its daemon starts, too", () => {
  assert.deepEqual(pathsOf("nix (Nix) 2.34.8"), ["/etc/nix/nix.conf"]);
  assert.deepEqual(pathsOf("nix (Nix) 2.8.0"), ["/etc/nix/nix.conf"]);
  assert.deepEqual(pathsOf("nix (Nix) 2.26.3"), [
    "/etc/nix/nix.conf",
    "/etc/systemd/system/nix-daemon.service.d/elsewhere.conf",
  ]);
});

test("where nothing can be written that such a Nix would read, the words to type are given", () => {
  const plan = planUseHook(hostOf({ isRoot: true }), {
    hook: HOOK,
    paths,
    nixVersion: "nix (Nix) 2.26.3",
    restart: [],
  });
  assert.match(plan.notes[0]!, /NIX_CONFIG='build-hook = \/opt\/elsewhere\/bin\/elsewhere-hook' nix build/);
});

test("Lix is sent to the daemon door", () => {
  assert.throws(() => pathsOf("nix (Lix, like Nix) 2.94.0"), { code: "SETUP_LIX" });
  assert.deepEqual(pathsOf("nix (Lix, like Nix) 2.93.1").at(0), "/etc/nix/nix.conf");
});

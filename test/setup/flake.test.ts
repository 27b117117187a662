import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { formatHash } from "#nix/hash.ts";
import { NixRoot, withoutNix } from "#rig/nix-root.ts";
import { hashPath } from "#store/nar/hash-path.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));

test("the package names the hash of what the program depends on", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-dependencies-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const path of dependencies()) cpSync(join(checkout, path), join(folder, path), { recursive: true });
  const { hash } = await hashPath(join(folder, "node_modules"));
  const named = /"(sha256-[^"]+)"/.exec(
    readFileSync(join(checkout, "nix/dependencies-hash.nix"), "utf8"),
  )?.[1];
  assert.equal(named, formatHash(hash, "sri"), "write this hash into nix/dependencies-hash.nix");
});

test("modules make of options what a machine is to have", { skip: withoutNix("sid") }, async (t) => {
  using root = new NixRoot("sid", "flake");
  const evaluate = async (module: string, given: object, system = "x86_64-linux") => {
    const { code, said } = await root.attempt([
      "nix-instantiate",
      ...["--eval", "--strict", "--json"],
      `${checkout}test/setup/nix/evaluate.nix`,
      ...["--arg", "module", `${checkout}nix/${module}-module.nix`],
      ...["--argstr", "given", JSON.stringify(given)],
      ...["--argstr", "system", system],
    ]);
    if (code !== 0) throw new Error(said);
    return JSON.parse(said);
  };
  const builders = [
    { hostName: "box", user: "me", systems: ["x86_64-linux"], maxJobs: 4, supportedFeatures: ["kvm"] },
  ];

  await t.test("nothing unless it is enabled", async () => {
    for (const module of ["nixos", "darwin", "home"]) assert.deepEqual(await evaluate(module, {}), {});
  });

  await t.test("a NixOS machine builds on others", async () => {
    const made = await evaluate("nixos", { enable: true, builders, neverHere: true, hook: { enable: true } });
    assert.deepEqual(made.nix.settings, {
      "build-hook": "/nix/store/elsewhere/bin/elsewhere-hook",
      "builders-use-substitutes": true,
      "max-jobs": 0,
    });
    assert.equal(made.nix.distributedBuilds, true);
    assert.deepEqual(made.nix.buildMachines, [
      {
        hostName: "box",
        mandatoryFeatures: [],
        maxJobs: 4,
        protocol: "ssh-ng",
        publicHostKey: null,
        speedFactor: 1,
        sshKey: null,
        sshUser: "me",
        supportedFeatures: ["kvm"],
        systems: ["x86_64-linux"],
      },
    ]);
  });

  await t.test("a NixOS machine is a builder for others, and keeps a door open", async () => {
    const made = await evaluate("nixos", {
      enable: true,
      daemon: { enable: true, everyone: true },
      builder: { enable: true, authorizedKeys: ["ssh-ed25519 AAAA me"] },
    });
    assert.deepEqual(made.users.users.elsewhere.openssh.authorizedKeys.keys, [
      'restrict,command="/nix/store/elsewhere/bin/elsewhere serve --store /var/lib/elsewhere/store" ssh-ed25519 AAAA me',
    ]);
    assert.equal(
      made.systemd.services["elsewhere-daemon"].serviceConfig.ExecStart,
      "/nix/store/elsewhere/bin/elsewhere daemon --socket /run/elsewhere/socket",
    );
    assert.equal(made.environment.variables.NIX_REMOTE, "unix:///run/elsewhere/socket");
  });

  await t.test("a Mac builds Linux elsewhere", async () => {
    const made = await evaluate(
      "darwin",
      { enable: true, builders, daemon: { enable: true } },
      "aarch64-darwin",
    );
    assert.equal(made.nix.buildMachines[0].hostName, "box");
    assert.match(made.launchd.daemons["elsewhere-daemon"].command, /daemon --socket \/var\/run\//);
    assert.deepEqual(made.environment.variables, {});
  });

  await t.test("a person has builders of their own, on Linux and on a Mac", async () => {
    const given = { enable: true, builders, daemon: { enable: true, everyone: true } };
    const linux = await evaluate("home", given);
    assert.equal(linux.xdg.configFile["nix/machines"].text, "ssh-ng://me@box x86_64-linux - 4 1 kvm - -\n");
    assert.equal(linux.nix.settings.builders, "@/home/me/.config/nix/machines");
    assert.match(linux.systemd.user.services["elsewhere-daemon"].Service.ExecStart, /%t\/elsewhere\/socket$/);
    assert.equal(linux.launchd, undefined);
    const mac = await evaluate("home", given, "aarch64-darwin");
    assert.equal(mac.systemd, undefined);
    assert.equal(mac.launchd.agents["elsewhere-daemon"].config.ProgramArguments[1], "daemon");
  });

  await t.test("a value of the wrong kind, and an option that is none, are refused", async () => {
    await assert.rejects(
      evaluate("nixos", { enable: true, builders: [{ ...builders[0], maxJobs: 0 }] }),
      /above 0/,
    );
    await assert.rejects(evaluate("nixos", { enable: true, nonsense: 1 }), /no such option: nonsense/);
  });
});

test("the flake has packages for four systems, an overlay and the modules", {
  skip: withoutNix("sid"),
}, async () => {
  using root = new NixRoot("sid", "flake-outputs");
  const said = await root.run([
    "nix-instantiate",
    ...["--eval", "--strict", "--json"],
    `${checkout}test/setup/nix/outputs.nix`,
  ]);
  const outputs = JSON.parse(said);
  assert.deepEqual(Object.keys(outputs.packages).sort(), [
    "aarch64-darwin",
    "aarch64-linux",
    "x86_64-darwin",
    "x86_64-linux",
  ]);
  const { version } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));
  assert.equal(outputs.packages["x86_64-linux"].name, `elsewhere-${version}`);
  assert.match(outputs.packages["x86_64-linux"].installPhase, /bubblewrap/);
  assert.doesNotMatch(outputs.packages["aarch64-darwin"].installPhase, /bubblewrap/);
  assert.equal(outputs.overlaid, outputs.packages["x86_64-linux"].name);
  for (const kind of ["nixosModules", "darwinModules", "homeModules"]) assert.equal(outputs[kind], true);
});

/** Folders of packages that the program needs to run, as the lock file has them. */
function dependencies(): string[] {
  const lock = JSON.parse(readFileSync(join(checkout, "package-lock.json"), "utf8")) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }>;
  };
  return Object.entries(lock.packages).flatMap(([path, { dev, devOptional, optional }]) =>
    path === "" || dev || devOptional || optional ? [] : [path],
  );
}

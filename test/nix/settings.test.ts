import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConf } from "#nix/conf.ts";
import { resolveSettings } from "#nix/settings.ts";
import { extraPlatformsOf, type HostFacts, systemFeaturesOf, systemOf, x86LevelOf } from "#nix/system.ts";

const LINUX: HostFacts = { platform: "linux", arch: "x64", kvm: true, cpus: 8, x86Level: 2 };
const MAC: HostFacts = {
  platform: "darwin",
  arch: "arm64",
  kvm: false,
  cpus: 10,
  rosetta: true,
  appleVirtualization: true,
};

function resolve(text: string, facts = LINUX) {
  return resolveSettings(parseConf(text, { file: "nix.conf", readFile: () => undefined }), facts);
}

test("the defaults are Nix's for the host", () => {
  const { settings } = resolve("");
  assert.equal(settings.system, "x86_64-linux");
  assert.deepEqual(settings["extra-platforms"], ["i686-linux", "x86_64-v1-linux", "x86_64-v2-linux"]);
  assert.deepEqual(settings["system-features"], [
    "benchmark",
    "big-parallel",
    "kvm",
    "nixos-test",
    "uid-range",
  ]);
  assert.deepEqual([settings.sandbox, settings["use-case-hack"], settings["max-jobs"]], ["true", false, 1]);
  const mac = resolve("", MAC).settings;
  assert.deepEqual([mac.system, mac.sandbox, mac["use-case-hack"]], ["aarch64-darwin", "false", true]);
  assert.deepEqual(mac["extra-platforms"], ["x86_64-darwin"]);
  assert.ok(mac["system-features"].includes("apple-virt"));
});

test("a later line replaces an earlier one, and extra- adds to it", () => {
  const { settings } = resolve(`
    substituters = https://a
    extra-substituters = https://b https://c
    trusted-users = root
    extra-trusted-users = root me
    extra-platforms = armv7l-linux
    extra-extra-platforms = i686-linux
    max-jobs = 3
    max-jobs = auto`);
  assert.deepEqual(settings.substituters, ["https://a", "https://b", "https://c"]);
  assert.deepEqual(settings["trusted-users"], ["root", "me"]);
  assert.deepEqual(settings["extra-platforms"], ["armv7l-linux", "i686-linux"]);
  assert.equal(settings["max-jobs"], 8);
});

test("impure-env is a list of assignments", () => {
  const { settings } = resolve("impure-env = a=1 b=x=y\nextra-impure-env = a=2");
  assert.deepEqual(
    [...settings["impure-env"]],
    [
      ["a", "2"],
      ["b", "x=y"],
    ],
  );
  assert.throws(() => resolve("impure-env = a"), /'impure-env' is 'a'; want NAME=VALUE/);
});

test("old names still set, and what is set is known", () => {
  const resolved = resolve("build-max-jobs = 2\nbuild-use-sandbox = relaxed\nextra-sandbox-paths = /x");
  assert.equal(resolved.settings["max-jobs"], 2);
  assert.equal(resolved.settings.sandbox, "relaxed");
  assert.deepEqual([...resolved.set], ["max-jobs", "sandbox", "sandbox-paths"]);
});

test("numbers may have a unit, and flags several spellings", () => {
  const { settings } = resolve(
    "min-free = 5G\nmax-free = 100k\nkeep-going = yes\nfallback = 1\nsubstitute = no",
  );
  assert.deepEqual([settings["min-free"], settings["max-free"]], [5 * 1024 ** 3, 100 * 1024]);
  assert.deepEqual([settings["keep-going"], settings.fallback, settings.substitute], [true, true, false]);
});

test("settings that nothing here knows are kept with their places", () => {
  const { unknown } = resolve("warn-dirty = false\nmax-jbos = 4\nextra-max-jobs = 2\nconstructor = x");
  assert.deepEqual(
    unknown.map(({ name, line }) => `${name} ${line}`),
    ["warn-dirty 1", "max-jbos 2", "extra-max-jobs 3", "constructor 4"],
  );
});

test("a value that does not fit is refused with its line", () => {
  for (const bad of [
    "max-jobs = many",
    "cores = -1",
    "keep-going = maybe",
    "sandbox = toString",
    "fallback = constructor",
    "timeout =",
  ])
    assert.throws(() => resolve(`\n${bad}`), { code: "BAD_CONF", message: /nix.conf:2/ }, bad);
});

test("systems are named as Nix names them", () => {
  const names = [
    ["linux", "arm64"],
    ["darwin", "x64"],
    ["linux", "riscv64"],
    ["linux", "ia32"],
    ["freebsd", "x64"],
  ].map(([platform, arch]) => systemOf({ platform: platform!, arch: arch! }));
  assert.deepEqual(names, [
    "aarch64-linux",
    "x86_64-darwin",
    "riscv64-linux",
    "i686-linux",
    "x86_64-freebsd",
  ]);
  assert.deepEqual(extraPlatformsOf({ ...LINUX, arch: "arm64" }), []);
  assert.deepEqual(systemFeaturesOf({ ...MAC, appleVirtualization: false }), [
    "benchmark",
    "big-parallel",
    "nixos-test",
  ]);
});

test("the level of a processor is the highest whose flags it all has", () => {
  const two = ["cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"];
  const three = [...two, "abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"];
  const four = [...three, "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"];
  const levels = [[], two, two.slice(1), three, four, four.filter((flag) => flag !== "fma")];
  assert.deepEqual(
    levels.map((flags) => x86LevelOf(new Set(flags))),
    [1, 2, 1, 3, 4, 2],
  );
});

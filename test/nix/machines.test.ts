import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { ElsewhereError } from "#base/errors.ts";
import { formatMachines, type Machine } from "#nix/machine.ts";
import { parseMachines } from "#nix/machines.ts";
import { sharedDir, withoutShared } from "#rig/shared.ts";

function parse(text: string, files: Record<string, string> = {}): Machine[] {
  return parseMachines(text, { defaultSystem: "x86_64-linux", readFile: (path) => files[path] });
}

test("a host alone is one job of this system over ssh", () => {
  assert.deepEqual(parse("nix@host"), [
    {
      uri: "ssh://nix@host",
      systems: ["x86_64-linux"],
      sshKey: undefined,
      maxJobs: 1,
      speedFactor: 1,
      supportedFeatures: [],
      mandatoryFeatures: [],
      sshPublicHostKey: undefined,
      enabled: true,
      source: { file: "builders", line: 1 },
    },
  ]);
});

test("all eight fields are read", () => {
  const [machine] = parse(
    "ssh-ng://b:2222?compress=1 x86_64-linux,i686-linux /key 8 1.5 kvm,big-parallel benchmark c3NoLWVk",
  );
  assert.deepEqual(machine, {
    uri: "ssh-ng://b:2222?compress=1",
    systems: ["x86_64-linux", "i686-linux"],
    sshKey: "/key",
    maxJobs: 8,
    speedFactor: 1.5,
    supportedFeatures: ["kvm", "big-parallel"],
    mandatoryFeatures: ["benchmark"],
    sshPublicHostKey: "c3NoLWVk",
    enabled: true,
    source: { file: "builders", line: 1 },
  });
});

test("what is a store already gets no ssh before it", () => {
  const uris = [
    "ssh-ng://h",
    "/some/root",
    "daemon",
    "auto",
    "local",
    "local?root=/x",
    "https://c",
    "h",
    "localhost",
  ];
  assert.deepEqual(
    parse(uris.join(";")).map(({ uri }) => uri),
    [...uris.slice(0, -2), "ssh://h", "ssh://localhost"],
  );
});

test("a comment goes to the end of its line, over semicolons", () => {
  assert.equal(parse("# a ; b\nc ; d # e ; f\n\n ;;; \n g").length, 3);
});

test("files are included where they are, and missing ones are no machines", () => {
  const files = { "/m": "b\nc", "/n": "@/m\n@/missing" };
  assert.deepEqual(
    parse("a ; @/n ; d", files).map(({ uri, source }) => `${uri} ${source.file}:${source.line}`),
    ["ssh://a builders:1", "ssh://b /m:1", "ssh://c /m:2", "ssh://d builders:1"],
  );
});

test("a file that includes itself is refused", () => {
  assert.throws(() => parse("@/m", { "/m": "a\n@/m" }), { code: "MACHINES_INCLUDE" });
});

test("a speed factor of nothing is one, and jobs may be none", () => {
  assert.equal(parse("a - - 8 0")[0]!.speedFactor, 1);
  assert.equal(parse("a - - 0")[0]!.maxJobs, 0);
});

test("an error names file, line and field", () => {
  assert.throws(() => parse("a\n@/m", { "/m": "b\nc - - eight" }), {
    code: "BAD_MACHINE",
    message: "Cannot read the machine at /m:2: its field 4, 'eight', is no number of jobs",
  });
  for (const bad of [
    "-",
    "- x86_64-linux",
    "a - - -1",
    "a - - 8 three",
    "a - - 8 -3",
    "a - - 8 nan",
    "a - - 8 3 - - BAD_BASE64",
  ])
    assert.throws(() => parse(bad), { code: "BAD_MACHINE" }, bad);
});

test("machines survive printing", () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
  const line = fc
    .tuple(
      word,
      fc.array(word, { minLength: 1, maxLength: 3 }),
      fc.nat(99),
      fc.float({ min: 0.5, max: 99, noNaN: true }),
      fc.array(word),
      fc.array(word),
    )
    .map(([uri, systems, jobs, speed, features, mandatory]) =>
      [
        `ssh://${uri}`,
        systems.join(","),
        "-",
        jobs,
        speed,
        features.join(",") || "-",
        mandatory.join(",") || "-",
      ].join(" "),
    );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
      const machines = parse(lines.join("\n"));
      assert.deepEqual(parse(formatMachines(machines)), machines);
    }),
    { numRuns: 200 },
  );
});

test("any text is machines or an error of ours", () => {
  const word = fc.constantFrom(
    "a",
    "-",
    "8",
    "@/m",
    "#",
    ";",
    "\n",
    "version = 1",
    "[machines.a]",
    "uri = 'x'",
    "[machines]",
    "=",
    '"',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 5 }))), (words) => {
      try {
        parse(words.join(" "), { "/m": "a" });
      } catch (error) {
        assert.ok(error instanceof ElsewhereError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

const TOML = `# builders
version = 1

[machines.fast]
uri = "ssh-ng://nix@fast"
system-types = ["x86_64-linux", "i686-linux"]
ssh-key = "/key"
jobs = 8
speed-factor = 2.5
supported-features = ["kvm"]
mandatory-features = ["benchmark"]
ssh-public-host-key = "ssh-ed25519 AAAA"

[machines.off]
uri = "slow"
enable = false
`;

test("Lix's TOML form is read, from a file too", () => {
  const [fast, off] = parse("@/m", { "/m": TOML });
  assert.deepEqual(fast, {
    uri: "ssh-ng://nix@fast",
    systems: ["x86_64-linux", "i686-linux"],
    sshKey: "/key",
    maxJobs: 8,
    speedFactor: 2.5,
    supportedFeatures: ["kvm"],
    mandatoryFeatures: ["benchmark"],
    sshPublicHostKey: Buffer.from("ssh-ed25519 AAAA\n").toString("base64"),
    enabled: true,
    source: { file: "/m", line: 4 },
  });
  assert.deepEqual([off!.uri, off!.enabled, off!.systems], ["ssh://slow", false, ["x86_64-linux"]]);
});

test("what is wrong in TOML is named with its line", () => {
  assert.throws(() => parse(TOML.replace("jobs = 8", 'jobs = "8"')), /builders:4: 'jobs' is not a number/);
  assert.throws(() => parse(TOML.replace("jobs = 8", "job = 8")), /'job' is no setting/);
  assert.throws(() => parse(TOML.replace("version = 1", "version = 2")), {
    message: /want version = 1/,
    hint: /\[machines\.NAME\]/,
  });
  assert.throws(() => parse(TOML.replace('uri = "slow"', "")), /builders:14: it has no 'uri'/);
  assert.throws(() => parse(TOML.replace("2.5", "= 2")), { code: "BAD_MACHINE" });
});

interface GoldenCase {
  in: string;
  count?: number;
  machines?: { [field: string]: unknown }[];
}

test("the reference implementation's cases are read as it reads them", { skip: withoutShared }, () => {
  const golden = JSON.parse(readFileSync(`${sharedDir}/vectors/golden/literals/machines.json`, "utf8"));
  const options = { defaultSystem: golden.default_system };
  for (const { in: text, count, machines } of golden.cases as GoldenCase[]) {
    const found = parseMachines(text, options).map((machine) => ({
      uri: machine.uri,
      systems: machine.systems,
      key: machine.sshKey ?? null,
      maxJobs: machine.maxJobs,
      speed: machine.speedFactor,
      supported: machine.supportedFeatures,
      mandatory: machine.mandatoryFeatures,
      hostKey: machine.sshPublicHostKey ?? "",
    }));
    assert.equal(found.length, count ?? machines!.length, text);
    for (const [index, expected] of (machines ?? []).entries())
      assert.partialDeepStrictEqual(found[index], expected, text);
  }
  for (const text of golden.reject)
    assert.throws(() => parseMachines(text, options), { code: "BAD_MACHINE" }, text);
});

test("its machines files too", { skip: withoutShared }, () => {
  const read = (name: string) =>
    readFileSync(`${sharedDir}/vectors/golden/libstore/machines/${name}`, "utf8");
  const found = parse(read("valid"));
  assert.deepEqual(
    found.map(({ uri, maxJobs, speedFactor }) => [uri.slice(10, 17), maxJobs, speedFactor]),
    [
      ["scratch", 8, 1],
      ["itchy.l", 8, 2],
      ["poochie", 1, 2],
    ],
  );
  assert.match(Buffer.from(found[2]!.sshPublicHostKey!, "base64").toString(), /^ssh-rsa AAAA/);
  assert.throws(() => parse(read("bad_format")), { code: "BAD_MACHINE" });
});

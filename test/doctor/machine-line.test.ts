import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readEntries } from "#doctor/machine-line/entry.ts";
import { judgeLine } from "#doctor/machine-line/judge-line.ts";
import { mendLine } from "#doctor/machine-line/mend.ts";
import { judgeTogether } from "#doctor/machine-line/together.ts";
import { parseMachines } from "#nix/machines.ts";

const KEY =
  "c3NoLWVkMjU1MTkgQUFBQUMzTnphQzFsWkRJMU5URTVBQUFBSUdYYkhBUUZtTVV4dDNIQVBVRW8zYWxTajJSaXBOb0lKZU8wZ3V2V2FxaUw=";

/** Lines as people write them, with the line that was meant. */
const SHIFTED: readonly (readonly [written: string, meant: string])[] = [
  ["nixos x86_64-linux / - 8 1 kvm,big-parallel", "nixos x86_64-linux - 8 1 kvm,big-parallel"],
  ["box x86_64-linux 8 1 kvm", "box x86_64-linux - 8 1 kvm"],
  ["box x86_64-linux 8", "box x86_64-linux - 8"],
  ["box x86_64-linux /key kvm", "box x86_64-linux /key - - kvm"],
  ["box x86_64-linux /key 4 kvm,big-parallel", "box x86_64-linux /key 4 - kvm,big-parallel"],
  ["box /key x86_64-linux 4", "box x86_64-linux /key 4"],
  ["box - x86_64-linux,i686-linux 4", "box x86_64-linux,i686-linux - 4"],
  ["box x86_64-linux 4 /root/.ssh/id_rsa", "box x86_64-linux /root/.ssh/id_rsa 4"],
  ["box x86_64-linux - 4 1 kvm, big-parallel", "box x86_64-linux - 4 1 kvm,big-parallel"],
  ["box x86_64-linux, aarch64-linux - 4", "box x86_64-linux,aarch64-linux - 4"],
  ["box x86_64-linux - 4 1 aarch64-linux", "box x86_64-linux,aarch64-linux - 4 1"],
  ["box x86_64-linux - - 4 1 kvm", "box x86_64-linux - 4 1 kvm"],
  [`box x86_64-linux - 4 1 kvm ${KEY}`, `box x86_64-linux - 4 1 kvm - ${KEY}`],
  ["http://box x86_64-linux - 4", "ssh-ng://box x86_64-linux - 4"],
  ["box kvm,big-parallel", "box - - - - kvm,big-parallel"],
];

/** Lines that mean what they say. */
const RIGHT = [
  "box",
  "ssh-ng://me@box:2222 x86_64-linux",
  "box x86_64-linux /root/.ssh/key 8 1.5 kvm,big-parallel",
  "box x86_64-linux - 8 2 kvm kvm",
  `box x86_64-linux,aarch64-linux,builtin - 4 1 - - ${KEY}`,
  "box - - 4",
  "box x86_64-linux id_ed25519 4",
  "unix:///run/daemon x86_64-linux",
  "ssh://box?remote-program=/opt/nix x86_64-linux,x86_64-v3-linux - 1 0.5 gccarch-znver3",
];

const only = (line: string) => readEntries(line, "/etc/nix/machines", () => undefined).entries[0]!;

for (const [written, meant] of SHIFTED)
  test(`'${written.slice(0, 50)}' was meant as another line`, () => {
    const { findings, machine } = judgeLine(only(written), "x86_64-linux");
    assert.equal(findings.length, 1);
    assert.equal(findings[0]!.cure.type?.[0], meant);
    assert.equal(findings[0]!.fix?.kind === "edit" && findings[0]!.fix.after, meant);
    assert.deepEqual(
      { ...machine, source: 0 },
      { ...parseMachines(meant, { defaultSystem: "x86_64-linux" })[0], source: 0 },
    );
  });

for (const line of RIGHT)
  test(`'${line.slice(0, 50)}' means what it says`, () => {
    assert.deepEqual(judgeLine(only(line), "x86_64-linux").findings, []);
    assert.equal(mendLine(only(line)), undefined);
  });

test("what was mended needs no mending", () => {
  const word = fc.constantFrom(
    "-",
    "x86_64-linux",
    "a,b",
    "8",
    "1",
    "/k",
    "/",
    "kvm,",
    ",x",
    KEY,
    "x86_64-linux,i686-linux",
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 9 }), (words) => {
      const mended = mendLine(only(["box", ...words].join(" ")));
      if (mended !== undefined) assert.equal(mendLine(only(mended)), undefined, mended);
    }),
  );
});

test("entries have their places, across comments, semicolons and files", () => {
  const files: Record<string, string> = {
    "/m": "# a\n  one x86_64-linux ; two # b\n\n@/n\n",
    "/n": "three\n",
  };
  const { entries, files: named } = readEntries("@/m;@/none", "builders", (path) => files[path]);
  assert.deepEqual(
    entries.map(({ file, line, column, text }) => [file, line, column, text]),
    [
      ["/m", 2, 3, "one x86_64-linux"],
      ["/m", 2, 22, "two"],
      ["/n", 1, 1, "three"],
    ],
  );
  assert.deepEqual(
    entries[0]!.fields.map(({ column }) => column),
    [3, 7],
  );
  assert.deepEqual(
    named.map(({ path, text }) => [path, text !== undefined]),
    [
      ["/m", true],
      ["/n", true],
      ["/none", false],
    ],
  );
});

test("a file that names itself ends", () => {
  assert.equal(readEntries("@/m", "builders", () => "box\n@/m\n").entries.length, 16);
});

test("mandatory features are no more than a note where others take ordinary builds", () => {
  const judged = (text: string) =>
    readEntries(text, "/m", () => undefined).entries.map((entry) => judgeLine(entry, "x86_64-linux"));
  const alone = judgeTogether(judged("a x86_64-linux - 1 1 - kvm"), undefined);
  assert.deepEqual(
    alone.map(({ code, severity }) => [code, severity]),
    [["LINE_MANDATORY", "warning"]],
  );
  const beside = judgeTogether(judged("a x86_64-linux - 1 1 - kvm\nb x86_64-linux"), undefined);
  assert.deepEqual(
    beside.map(({ code, severity }) => [code, severity]),
    [["LINE_MANDATORY", "note"]],
  );
});

test("a port in the URI is a fault up to Nix 2.30 only", () => {
  const judged = readEntries("ssh-ng://box:2222 x86_64-linux", "/m", () => undefined).entries.map((entry) =>
    judgeLine(entry, "x86_64-linux"),
  );
  for (const [version, codes] of [
    ["2.30.3", ["LINE_PORT"]],
    ["2.31.0", []],
    [undefined, []],
  ] as const)
    assert.deepEqual(
      judgeTogether(judged, version).map(({ code }) => code),
      codes,
    );
});

test("no line, however odd, is too much", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      for (const entry of readEntries(text, "/m", () => undefined).entries) judgeLine(entry, "x86_64-linux");
    }),
    { numRuns: 300 },
  );
});

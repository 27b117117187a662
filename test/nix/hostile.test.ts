import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { decodeBytes } from "#base/byte-reader.ts";
import { ElsewhereError } from "#base/errors.ts";
import { decodeText, encodeText } from "#base/text.ts";
import { parseConf } from "#nix/conf.ts";
import { parseContentAddress, parseMethodAlgorithm } from "#nix/content-address.ts";
import { formatDerivation, parseDerivation } from "#nix/derivation-aterm.ts";
import { derivationsFromJson, derivationToJson } from "#nix/derivation-json.ts";
import { parseDerivedPath, parseOutputsSpec } from "#nix/derived-path-text.ts";
import { parseHash } from "#nix/hash.ts";
import { formatJson, parseJson } from "#nix/json-text.ts";
import { parseMachines } from "#nix/machines.ts";
import { decodeNar } from "#nix/nar/decode-nar.ts";
import { NAR_DEPTH_MAX, words } from "#nix/nar/grammar.ts";
import { decodeNarListing } from "#nix/nar/listing.ts";
import { NarWriter } from "#nix/nar/nar-writer.ts";
import { BLIND_VISITOR } from "#nix/nar/visitor.ts";
import { parseNarInfo } from "#nix/narinfo.ts";
import { derivationOptions } from "#nix/read-derivation-options.ts";
import { parseDrvOutput, parseRealisation } from "#nix/realisation-text.ts";
import { parsePublicKey, parseSecretKey, TrustedKeys } from "#nix/signature.ts";
import { DEFAULT_STORE_DIR, parseInStore, parseStoreDir, parseStorePath } from "#nix/store-path.ts";
import { parseSshAuthority, parseStoreReference } from "#nix/store-reference.ts";
import { type Decoder, fuzz } from "#rig/fuzz.ts";
import { parseCacheInfo } from "#store/binary-cache/cache-info.ts";
import { splitShellWords } from "#transport/shell-words.ts";
import { parseSshConfiguration } from "#transport/ssh-configuration.ts";
import { anyDerivation } from "./any-derivation.ts";

const PATH = "/nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-foo-1.0";
const DRV = `${PATH}.drv`;
const SHA256 = "sha256:1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s";
const KEY = "cache.example.org-1:qD9Z6nrW3dYhqb2jkQDRLeUqzFvZ3uZ0g7wDrxH7VaM=";

/** Every parser of a text, and of a file as a whole. */
const TEXTS: readonly Decoder[] = [
  ofText("hash", parseHash, [
    SHA256,
    "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    `sha1:${"a".repeat(40)}`,
  ]),
  ofText("store path", (text) => parseStorePath(DEFAULT_STORE_DIR, text), [PATH, DRV]),
  ofText("path in the store", (text) => parseInStore(DEFAULT_STORE_DIR, text), [`${PATH}/bin/x`]),
  ofText("store directory", parseStoreDir, ["/nix/store", "/a/b/../c"]),
  ofText("content address", parseContentAddress, [
    `text:${SHA256}`,
    `fixed:r:${SHA256}`,
    `fixed:git:sha1:${"0".repeat(32)}`,
  ]),
  ofText("method and algorithm", parseMethodAlgorithm, ["r:sha256", "text:sha256", "git:sha1", "md5"]),
  ofText("store reference", parseStoreReference, [
    "ssh-ng://user@host:2222?ssh-key=/k&remote-program=a%20b&max-connections=3",
    "ssh://[::1%25lo]?compress=true",
    "local?root=/tmp/x&trusted=1",
    "unix:///run/socket?root=/x",
    "s3://bucket?region=eu&endpoint=e:9",
    "/a/folder",
  ]),
  ofText("ssh authority", parseSshAuthority, ["user@host:22", "[::1]:22", "a@b@c"]),
  ofText("derived path", (text) => parseDerivedPath(DEFAULT_STORE_DIR, text), [
    `${DRV}^out,dev`,
    `${DRV}!*`,
    PATH,
  ]),
  ofText("outputs", parseOutputsSpec, ["out,dev", "*"]),
  ofText("public key", parsePublicKey, [KEY]),
  ofText("secret key", parseSecretKey, [`k-1:${Buffer.alloc(64, 7).toString("base64")}`]),
  ofText("signature", (text) => new TrustedKeys([parsePublicKey(KEY)]).valid("fingerprint", [text]), [
    `cache.example.org-1:${Buffer.alloc(64, 1).toString("base64")}`,
  ]),
  ofText("derivation output", parseDrvOutput, [`sha256:${"0".repeat(64)}!out`]),
  ofText("realisation", parseRealisation, [
    `{"dependentRealisations":{"sha256:${"0".repeat(64)}!out":"${PATH.slice(11)}"},"id":"sha256:${"0".repeat(64)}!out","outPath":"${PATH.slice(11)}","signatures":["a:b"]}`,
    `{"id":"sha256:${"0".repeat(64)}!out","outPath":"${PATH.slice(11)}","signatures":[{"keyName":"a","sig":"b"}]}`,
  ]),
  ofText("narinfo", (text) => parseNarInfo(DEFAULT_STORE_DIR, text), [
    [
      `StorePath: ${PATH}`,
      "URL: nar/x.nar.xz",
      "Compression: xz",
      `FileHash: ${SHA256}`,
      "FileSize: 12",
      `NarHash: ${SHA256}`,
      "NarSize: 120",
      `References: ${PATH.slice(11)}`,
      `Deriver: ${DRV.slice(11)}`,
      `Sig: ${KEY}`,
      `CA: fixed:r:${SHA256}`,
      "",
    ].join("\n"),
  ]),
  ofText("cache info", parseCacheInfo, ["StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 40\n"]),
  ofText(
    "nix.conf",
    (text) => parseConf(text, { file: "nix.conf", readFile: (path) => (path.length < 9 ? text : undefined) }),
    ["# comment\nsubstituters = a b\nextra-system-features = kvm\n!include x\ninclude y\nmax-jobs = auto\n"],
  ),
  ofText(
    "machines file",
    (text) =>
      parseMachines(text, {
        defaultSystem: "x86_64-linux",
        readFile: (path) => (path.length < 9 ? text : undefined),
      }),
    [
      "ssh-ng://a@b:3 x86_64-linux,i686-linux /key 8 2.5 kvm,big - c3NoLWVkMjU1MTk=; root@c\n@other\n# no\n",
      'version = 1\n[machines.a]\nuri = "ssh://b"\nsystem-types = ["x86_64-linux"]\njobs = 3\nspeed-factor = 1.5\n',
    ],
  ),
  ofText("shell words", splitShellWords, [`-o 'a b' "c\\"d" e\\ f`]),
  ofText("ssh configuration", parseSshConfiguration, ["controlpath none\nconnecttimeout 3\n"]),
  ofText("JSON", (text) => parseJson(text, "a test"), [
    '{"a":[1,-2.5e3,"\\u00e4\\n",null,true,{}],"b":{"c":[]}}',
  ]),
];

for (const decoder of TEXTS)
  test(`${decoder.name}: noise, and right texts that were cut or changed, are read or refused`, (t) =>
    fuzz(t, decoder));

const DERIVATIONS = fc.sample(anyDerivation(), { numRuns: 12, seed: 7 });

test("derivations in ATerm are read or refused, and what is read can be asked for what it wants", (t) =>
  fuzz(t, {
    name: "ATerm",
    decode: (bytes) => {
      const drv = parseDerivation(DEFAULT_STORE_DIR, bytes, "x");
      derivationOptions(DEFAULT_STORE_DIR, drv);
    },
    seeds: [
      ...DERIVATIONS.map((drv) => Buffer.from(encodeText(formatDerivation(DEFAULT_STORE_DIR, drv)))),
      STRUCTURED,
    ],
  }));

test("derivations in JSON are read or refused", (t) =>
  fuzz(t, {
    name: "JSON",
    decode: (bytes) => derivationsFromJson(DEFAULT_STORE_DIR, parseJson(decodeText(bytes), "derivations")),
    seeds: DERIVATIONS.map((drv) =>
      Buffer.from(encodeText(formatJson(derivationToJson(DEFAULT_STORE_DIR, drv)))),
    ),
  }));

test("archives are read or refused, whether they are unpacked or listed", async (t) => {
  const seeds = [
    narOfTree(),
    words("nix-archive-1", "(", "type", "symlink", "target", "../../etc/passwd", ")"),
  ];
  await fuzz(t, { name: "NAR", decode: (bytes) => decodeBytes(decodeNar(BLIND_VISITOR), bytes), seeds });
  await fuzz(t, { name: "NAR listing", decode: (bytes) => decodeBytes(decodeNarListing(), bytes), seeds });
});

const BOMBS: readonly (readonly [string, () => unknown])[] = [
  ["JSON that nests a million deep", () => parseJson("[".repeat(1_000_000), "a test")],
  ["JSON of a million objects in each other", () => parseJson('{"a":'.repeat(1_000_000), "a test")],
  ["an ATerm that is all brackets", () => parseAterm(`Derive(${"[".repeat(1_000_000)}`)],
  ["an ATerm whose strings never end", () => parseAterm(`Derive([("${"\\".repeat(2_000_000)}`)],
  [
    "an archive of folders in each other without end",
    () => decodeBytes(decodeNar(BLIND_VISITOR), deepNar(NAR_DEPTH_MAX + 5)),
  ],
  ["a store path of a megabyte", () => parseStorePath(DEFAULT_STORE_DIR, PATH + "a".repeat(1_000_000))],
  ["a store reference of a megabyte", () => parseStoreReference(`ssh-ng://h?${"%41".repeat(300_000)}`)],
  [
    "a machines file that includes itself",
    () => parseMachines("@m", { defaultSystem: "x", readFile: () => "@m" }),
  ],
  [
    "a nix.conf that includes itself",
    () => parseConf("include x", { file: "x", readFile: () => "include x" }),
  ],
  [
    "a narinfo with one line of megabytes",
    () => parseNarInfo(DEFAULT_STORE_DIR, `References: ${"a ".repeat(2_000_000)}`),
  ],
];

for (const [what, work] of BOMBS)
  test(`${what} is refused soon`, () => {
    const before = process.cpuUsage();
    assert.throws(work, ElsewhereError);
    assert.ok(process.cpuUsage(before).user < BOMB_CPU_US_MAX, "it took too long");
  });

test("a derivation with attributes that nest deep is asked for its wishes without a deep stack", () => {
  const json = `{\\"requiredSystemFeatures\\":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  const text = STRUCTURED.replace('{\\"name\\":\\"x\\"}', json);
  assert.notEqual(text, STRUCTURED);
  const drv = parseDerivation(DEFAULT_STORE_DIR, text, "x");
  assert.throws(() => derivationOptions(DEFAULT_STORE_DIR, drv), ElsewhereError);
});

function ofText(name: string, parse: (text: string) => unknown, seeds: readonly string[]): Decoder {
  return { name, decode: (bytes) => parse(decodeText(bytes)), seeds };
}

function parseAterm(text: string): unknown {
  return parseDerivation(DEFAULT_STORE_DIR, text, "x");
}

function narOfTree(): Buffer {
  const chunks: Buffer[] = [];
  const writer = new NarWriter((chunk) => chunks.push(Buffer.from(chunk)));
  writer.enterDirectory("");
  writer.beginFile("a", { executable: true, size: 5 });
  writer.contents(Buffer.from("hello"));
  writer.endFile();
  writer.enterDirectory("b");
  writer.symlink("c", "../a");
  writer.leaveDirectory();
  writer.leaveDirectory();
  writer.flush();
  return Buffer.concat(chunks);
}

function deepNar(depth: number): Buffer {
  const step = words("type", "directory", "entry", "(", "name", "a", "node", "(");
  return Buffer.concat([words("nix-archive-1", "("), ...Array.from({ length: depth }, () => step)]);
}

const STRUCTURED = `Derive([("out","","","")],[],[],"x86_64-linux","/bin/sh",[],[("__json","{\\"name\\":\\"x\\"}")])`;
/** Microseconds of a processor: what the machine does beside does not count. */
const BOMB_CPU_US_MAX = 5_000_000;

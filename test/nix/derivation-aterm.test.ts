import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ElsewhereError } from "#base/errors.ts";
import { encodeText } from "#base/text.ts";
import { formatDerivation, parseDerivation } from "#nix/derivation-aterm.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { withoutShared } from "#rig/shared.ts";
import { anyDerivation } from "./any-derivation.ts";
import { readGolden } from "./golden-derivation.ts";

const GOLDEN = [
  ["libstore/derivation/simple-derivation.drv", "simple-derivation"],
  ["libstore/derivation/dyn-dep-derivation.drv", "dyn-dep-derivation"],
  ["libstore/derivation/ia/advanced-attributes.drv", "advanced-attributes"],
  ["libstore/derivation/ca/advanced-attributes-structured-attrs.drv", "advanced-attributes-structured-attrs"],
  ["libstore/derivation/hash-modulo/source-first.drv", "source"],
  ["by-release/2.26.3/libstore/derivation/dynDerivationDeps.drv", "dyn-dep-derivation"],
] as const;

for (const [path, name] of GOLDEN)
  test(`${path} parses and prints as it was`, { skip: withoutShared }, () => {
    const contents = readGolden(path);
    const drv = parseDerivation(DEFAULT_STORE_DIR, contents, name);
    assert.equal(formatDerivation(DEFAULT_STORE_DIR, drv), contents.toString());
  });

for (const name of ["hello", "firefox"])
  test(`the anonymised ${name}.drv, out of order, prints in order and nothing is lost`, {
    skip: withoutShared,
  }, () => {
    const contents = readGolden(`libstore/derivation/${name}.drv`).toString();
    const printed = formatDerivation(DEFAULT_STORE_DIR, parse(contents));
    assert.notEqual(printed, contents);
    assert.deepEqual([...printed].sort(), [...contents].sort());
    assert.equal(formatDerivation(DEFAULT_STORE_DIR, parse(printed)), printed);
  });

const BAD = [
  ["bad-version.drv", /unknown version 'invalid-version'/],
  ["bad-old-version-dyn-deps.drv", /want '\['/],
  ["bad-ca-fixed-path.drv", /its hash makes/],
] as const;

for (const [file, why] of BAD)
  test(`${file} is refused`, { skip: withoutShared }, () => {
    const contents = readGolden(`libstore/derivation/${file}`);
    assert.throws(() => parseDerivation(DEFAULT_STORE_DIR, contents, "fixed"), why);
  });

const SIMPLE = 'Derive([("out","","","")],[],[],"x86_64-linux","/bin/sh",[],[("a","1"),("b","2")])';

test("a fault names the byte where it is", () => {
  const broken = SIMPLE.replace('"/bin/sh"', "/bin/sh");
  const byte = broken.indexOf("/bin/sh");
  assert.throws(() => parse(broken), new RegExp(`at byte ${byte}: want a string`));
});

test("what follows the end is refused", () => {
  assert.throws(() => parse(`${SIMPLE}\n`), /want the end/);
});

test("a variable that comes twice is refused", () => {
  assert.throws(() => parse(SIMPLE.replace('"b"', '"a"')), /'a' comes twice/);
});

test("lists out of order are sorted", () => {
  const drv = parse(SIMPLE.replace('("a","1"),("b","2")', '("b","2"),("a","1")'));
  assert.equal(formatDerivation(DEFAULT_STORE_DIR, drv), SIMPLE);
});

test("an escape that Nix does not write stands for its character", () => {
  assert.equal(parse(SIMPLE.replace('"1"', '"\\b\\q\\/"')).env.get("a"), "bq/");
});

test("a path outside the store is refused", () => {
  assert.throws(() => parse(SIMPLE.replace('"","",""', '"/etc/passwd","",""')), /is not in the Nix store/);
});

test("outputs of outputs nest only so deep", () => {
  const depth = 100_000;
  const nested = `${'(["a"],[("b",'.repeat(depth)}["c"]${")])".repeat(depth)}`;
  const text = `DrvWithVersion("xp-dyn-drv",[],[("/nix/store/${"0".repeat(32)}-x.drv",${nested})],[],"s","b",[],[])`;
  assert.throws(() => parse(text), /nesting of dynamic derivations/);
});

test("every derivation prints to what parses to it", () => {
  fc.assert(
    fc.property(anyDerivation(), (drv) => {
      const bytes = encodeText(formatDerivation(DEFAULT_STORE_DIR, drv));
      assert.deepEqual(parseDerivation(DEFAULT_STORE_DIR, bytes, drv.name), drv);
    }),
    { numRuns: 300 },
  );
});

test("a file cut short is an error, never a crash", () => {
  fc.assert(
    fc.property(
      anyDerivation(),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (drv, share) => {
        const bytes = encodeText(formatDerivation(DEFAULT_STORE_DIR, drv));
        const cut = bytes.subarray(0, Math.floor(bytes.length * share));
        assert.throws(() => parseDerivation(DEFAULT_STORE_DIR, cut, drv.name), ElsewhereError);
      },
    ),
    { numRuns: 300 },
  );
});

test("mutated and random bytes are an error or a derivation, never a crash", () => {
  const mutation = fc.tuple(fc.nat(), fc.nat(255));
  fc.assert(
    fc.property(anyDerivation(), fc.array(mutation, { maxLength: 6 }), (drv, mutations) => {
      const bytes = encodeText(formatDerivation(DEFAULT_STORE_DIR, drv));
      for (const [at, byte] of mutations) bytes[at % bytes.length] = byte;
      tryParse(bytes);
    }),
    { numRuns: 500 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), tryParse), { numRuns: 500 });
});

function parse(text: string) {
  return parseDerivation(DEFAULT_STORE_DIR, text, "x");
}

function tryParse(bytes: Uint8Array): void {
  try {
    const drv = parseDerivation(DEFAULT_STORE_DIR, bytes, "x");
    const printed = formatDerivation(DEFAULT_STORE_DIR, drv);
    assert.deepEqual(parseDerivation(DEFAULT_STORE_DIR, encodeText(printed), "x"), drv);
  } catch (error) {
    if (!(error instanceof ElsewhereError)) throw error;
  }
}

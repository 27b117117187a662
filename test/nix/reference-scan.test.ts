import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { HashPartSearch } from "#nix/hash-part-search.ts";
import { NIX32_ALPHABET } from "#nix/nix32.ts";
import { ReferenceScanner } from "#nix/reference-scan.ts";
import { parseStorePathBaseName } from "#nix/store-path.ts";

const H1 = "dc04vv14dak1c1r48qa0m23vr9jy8sm0";
const H2 = "zc842j0rz61mjsp3h3wp5ly71ak6qgdn";

function search(wanted: string[], chunks: Uint8Array[]): string[] {
  const found: string[] = [];
  const searcher = new HashPartSearch(wanted, (hashPart, offset) => found.push(`${offset} ${hashPart}`));
  for (const chunk of chunks) searcher.update(chunk);
  return found;
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...chunks, bytes.subarray(at)];
}

test("hash parts are found with their offsets, however the stream is cut", () => {
  const text = Buffer.from(`foobar${H1}xyzzy${H2}`);
  const expected = [`6 ${H1}`, `43 ${H2}`];
  assert.deepEqual(search([H1, H2], [text]), expected);
  assert.deepEqual(search([H1, H2], cut(text, [10, 5, 5])), expected);
  assert.deepEqual(search([H1, H2], cut(text, Array(text.length).fill(1))), expected);
  assert.deepEqual(search([H2], [text]), expected.slice(1));
  assert.deepEqual(search([H1], [Buffer.from("foobar")]), []);
});

test("a hash part within a longer run of digits is found", () => {
  const text = Buffer.from(`000${H1}${H2}111`);
  assert.deepEqual(search([H1, H2], [text]), [`3 ${H1}`, `35 ${H2}`]);
});

test("the search agrees with a plain one on any text of digits and others, cut anywhere", () => {
  const wanted = [H1, H2, "0".repeat(32), `${"0".repeat(31)}1`];
  const piece = fc.oneof(
    fc.constantFrom(...wanted, H1.slice(0, 20), H2.slice(12), "eotu", "/nix/store/"),
    fc.string({ unit: fc.constantFrom(...NIX32_ALPHABET, "e"), maxLength: 40 }),
    fc.string({ unit: fc.constantFrom("0", "1"), maxLength: 70 }),
  );
  const cuts = fc.array(fc.nat(50), { maxLength: 20 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), cuts, (pieces, sizes) => {
      const text = pieces.join("");
      const plain: string[] = [];
      for (let at = 0; at < text.length; at++)
        for (const hashPart of wanted) if (text.startsWith(hashPart, at)) plain.push(`${at} ${hashPart}`);
      assert.deepEqual(search(wanted, cut(Buffer.from(text), sizes)), plain);
    }),
    { numRuns: 500 },
  );
});

test("a scanner names the paths that a stream refers to, two of one hash part both", () => {
  const paths = [`${H2}-b`, `${H1}-a`, `${H1}-c`].map(parseStorePathBaseName);
  const scanner = new ReferenceScanner(paths);
  assert.deepEqual(scanner.references, []);
  scanner.update(Buffer.from(`x/nix/store/${H1.slice(0, 9)}`));
  scanner.update(Buffer.from(`${H1.slice(9)}-a/bin`));
  assert.deepEqual(scanner.references, [`${H1}-a`, `${H1}-c`]);
});

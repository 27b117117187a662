import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { formatHash } from "#nix/hash.ts";
import { HashRewriter, ModuloHasher } from "#nix/hash-rewriting.ts";
import { words } from "#nix/nar/grammar.ts";

const H1 = "dc04vv14dak1c1r48qa0m23vr9jy8sm0";
const H2 = "zc842j0rz61mjsp3h3wp5ly71ak6qgdn";
const H3 = "g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q";

function rewrite(rewrites: [string, string][], chunks: Iterable<string>) {
  const out: Buffer[] = [];
  const rewriter = new HashRewriter(new Map(rewrites), (chunk) => out.push(Buffer.from(chunk)));
  for (const chunk of chunks) rewriter.update(Buffer.from(chunk));
  rewriter.end();
  return { text: Buffer.concat(out).toString(), positions: rewriter.positions };
}

test("hash parts are replaced across chunk borders, all at once", () => {
  const swap: [string, string][] = [
    [H1, H2],
    [H2, H1],
  ];
  const text = `a${H1}b${H2}c${H3}`;
  const expected = { text: `a${H2}b${H1}c${H3}`, positions: [1, 34] };
  assert.deepEqual(rewrite(swap, [text]), expected);
  assert.deepEqual(rewrite(swap, text), expected);
  assert.deepEqual(rewrite([], [text]), { text, positions: [] });
});

test("rewriting does not depend on how the stream is cut, and rewriting back gives the stream", () => {
  const piece = fc.constantFrom(H1, H1.slice(3), H2, "x", "/nix/store/", "-");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.integer({ min: 1, max: 90 }), (pieces, size) => {
      const text = pieces.join("");
      const chunks = text.match(new RegExp(`.{1,${size}}`, "g")) ?? [];
      const whole = rewrite([[H1, H3]], [text]);
      assert.equal(whole.text, text.replaceAll(H1, H3));
      assert.deepEqual(rewrite([[H1, H3]], chunks), whole);
      assert.equal(rewrite([[H3, H1]], [whole.text]).text, text);
    }),
    { numRuns: 300 },
  );
});

test("replacements of another length are refused", () => {
  assert.throws(() => rewrite([[H1, "short"]], []), { code: "MALFORMED" });
});

/** A floating output that names itself twice, as Nix built it: its own NAR and content address. */
function selfReferent(hashPart: string): Buffer {
  const path = `/nix/store/${hashPart}-selfref`;
  return words("nix-archive-1", "(", "type", "regular", "contents", `a ${path} b ${path}\n`, ")");
}

test("the content address of a self-referent output is the one that Nix 2.26 and 2.34 made", () => {
  const hasher = new ModuloHasher("sha256", "z0rs8jvjzckc9ijy97qjxl07l38f0qsm");
  const nar = selfReferent("z0rs8jvjzckc9ijy97qjxl07l38f0qsm");
  for (let at = 0; at < nar.length; at += 50) hasher.update(nar.subarray(at, at + 50));
  const { hash, size } = hasher.finish();
  assert.equal(formatHash(hash, "nix32"), "sha256:0qla8wja1jnxja8853aakxzw7gr9qx61ljln2qkc1nfg3sh6fy1r");
  assert.equal(size, 224);
});

test("with positions it is the one that Nix 2.8 made", () => {
  const hasher = new ModuloHasher("sha256", "vz7lqjbfm8hcr8mbglrz9iwki4c2sbql");
  hasher.update(selfReferent("vz7lqjbfm8hcr8mbglrz9iwki4c2sbql"));
  const { hashWithPositions } = hasher.finish();
  assert.equal(
    formatHash(hashWithPositions, "nix32"),
    "sha256:1482pb5qkadnghddk5k7c77ii16dqx4qay015swvvcdxi6sz0cmq",
  );
});

test("without self-references both are the plain hash", () => {
  const hasher = new ModuloHasher("sha256", H1);
  hasher.update(Buffer.from("nothing here"));
  const { hash, hashWithPositions } = hasher.finish();
  const plain = createHash("sha256").update("nothing here").digest();
  assert.deepEqual(Buffer.from(hash.digest), plain);
  assert.deepEqual(Buffer.from(hashWithPositions.digest), plain);
});

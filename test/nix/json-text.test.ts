import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ElsewhereError } from "#base/errors.ts";
import { formatJson, parseJson } from "#nix/json-text.ts";

const SAME = [
  '[1,2.5,true,false,null,"s",{"a":{"b":[]}}]',
  "9007199254740993",
  "18446744073709551615",
  "-9223372036854775808",
  "[1.0,0.1,1e+20,1e-07,123456789.12345679,0.0001,1e-05,100000000000000.0,1e+15,-0.0,-2.5e-08]",
  '"\\b\\f\\n\\r\\t\\"\\\\\\u0001\u007fé🚀"',
  '{"a":1,"é":3,"\ue000":4,"🚀":2}',
];

for (const text of SAME)
  test(`${text} is printed as it was read`, () => {
    assert.equal(formatJson(parseJson(text, "it")), text);
  });

test("keys are sorted, spaces dropped, and the last of equal keys counts", () => {
  assert.equal(formatJson(parseJson(' { "b" : [ ] , "a" : 1 , "b" : { } } ', "it")), '{"a":1,"b":{}}');
});

test("a whole number beyond 64 bits becomes floating, as in Nix", () => {
  assert.equal(formatJson(parseJson("18446744073709551616", "it")), "1.8446744073709552e+19");
});

test("nesting may be deep", () => {
  const depth = 200_000;
  const text = `${'[{"a":'.repeat(depth)}1${"}]".repeat(depth)}`;
  assert.equal(formatJson(parseJson(text, "it")), text);
});

for (const text of ["", "[1,]", '{"a"}', "[1 2]", "nul", "01", "1.", '"a', '"\n"', "[", "{}x", "{,}", "'a'"])
  test(`${JSON.stringify(text)} is refused`, () => {
    assert.throws(() => parseJson(text, "it"), ElsewhereError);
  });

test("whatever the engine prints is read as the engine would", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      assert.deepEqual(JSON.parse(formatJson(parseJson(text, "it"))), JSON.parse(text));
      assert.deepEqual(JSON.parse(formatJson(parseJson(text, "it"), { indent: 2 })), JSON.parse(text));
    }),
    { numRuns: 500 },
  );
});

test("any text is JSON or an error, never a crash", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'[]{},:"\\ \n-1.eEtrufalsn') }), (text) => {
      try {
        formatJson(parseJson(text, "it"));
      } catch (error) {
        assert.ok(error instanceof ElsewhereError);
      }
    }),
    { numRuns: 3000 },
  );
});

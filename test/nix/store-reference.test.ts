import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { ElsewhereError } from "#base/errors.ts";
import {
  formatStoreReference,
  parseSshAuthority,
  parseStoreReference,
  withDefaultParams,
} from "#nix/store-reference.ts";
import { sharedDir, withoutShared } from "#rig/shared.ts";

const show = (uri: string) => {
  const { scheme, authority, params } = parseStoreReference(uri);
  return [scheme, authority, Object.fromEntries(params)];
};

test("short forms and URIs come apart into scheme, authority and parameters", () => {
  assert.deepEqual(show("auto"), ["auto", "", {}]);
  assert.deepEqual(show(""), ["auto", "", {}]);
  assert.deepEqual(show("daemon"), ["unix", "", {}]);
  assert.deepEqual(show("local?root=/a%20b"), ["local", "", { root: "/a b" }]);
  assert.deepEqual(show("/a/b"), ["local", "/a/b", {}]);
  assert.deepEqual(show("unix:///run/x y"), ["unix", "/run/x y", {}]);
  assert.deepEqual(show("ssh-ng://me@host:22?ssh-key=/k&compress=true"), [
    "ssh-ng",
    "me@host:22",
    { "ssh-key": "/k", compress: "true" },
  ]);
  assert.deepEqual(show("https://cache.nixos.org/"), ["https", "cache.nixos.org", {}]);
  assert.deepEqual(show("file:///var/cache"), ["file", "/var/cache", {}]);
});

test("what is no store is refused", () => {
  for (const bad of ["host", "local?root", "local?=x", "ssh://h?a=%zz", "1://x"])
    assert.throws(() => parseStoreReference(bad), { code: "MALFORMED" }, bad);
});

test("user, host and port of an ssh store come apart", () => {
  assert.deepEqual(parseSshAuthority("me@host:2222"), { user: "me", host: "host", port: 2222 });
  assert.deepEqual(parseSshAuthority("host"), { user: undefined, host: "host", port: undefined });
  assert.deepEqual(parseSshAuthority("a%40b@[fe80::1%25eth0]:22"), {
    user: "a@b",
    host: "fe80::1%eth0",
    port: 22,
  });
});

test("a host that ssh would take for an option is refused", () => {
  for (const bad of ["-oProxyCommand=x", "-x@host", "", "a:0", "a:99999", "a:b", "a/b"])
    assert.throws(() => parseSshAuthority(bad), { code: "MALFORMED" }, bad);
  for (const bad of ["%2doProxyCommand=x@host", "$(id)", "a;id", "`id`@h", "a b", "a\nb", "u|v@h"])
    assert.throws(() => parseSshAuthority(bad), { code: "MALFORMED" }, bad);
  assert.equal(parseSshAuthority("CORP%5cjoe@host").user, "CORP\\joe");
});

test("defaults do not replace what is said", () => {
  const reference = withDefaultParams(parseStoreReference("ssh://h?a=1"), [
    ["a", "2"],
    ["b", "3"],
  ]);
  assert.deepEqual(Object.fromEntries(reference.params), { a: "1", b: "3" });
});

test("a reference survives printing", () => {
  const path = fc.string({ unit: "grapheme" }).map((text) => `/${text.toWellFormed()}`);
  const params = fc.dictionary(
    fc.string({ minLength: 1, unit: "grapheme" }),
    fc.string({ unit: "grapheme" }),
  );
  fc.assert(
    fc.property(fc.constantFrom("local", "unix", "file"), path, params, (scheme, authority, pairs) => {
      const reference = { scheme, authority, params: new Map(Object.entries(pairs)) };
      assert.deepEqual(parseStoreReference(formatStoreReference(reference)), reference);
    }),
  );
});

test("any text is a store or an error of ours", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."a:/?&=%@[]0.-") }), (text) => {
      try {
        const reference = parseStoreReference(text);
        assert.deepEqual(parseStoreReference(formatStoreReference(reference)), reference, text);
      } catch (error) {
        assert.ok(error instanceof ElsewhereError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test("the reference implementation's stores come apart as there", { skip: withoutShared }, () => {
  const golden = JSON.parse(
    readFileSync(`${sharedDir}/vectors/golden/literals/store-reference.json`, "utf8"),
  );
  // Ours has one form of each store, so the short ones are spelt out.
  const schemes: Record<string, string> = { daemon: "unix", "local-shorthand": "local" };
  for (const [name, expected] of Object.entries<{
    uri: string;
    scheme: string;
    authority: string;
    params: object;
  }>(golden)) {
    if (name.startsWith("_")) continue;
    const scheme = schemes[expected.scheme] ?? expected.scheme;
    assert.deepEqual(show(expected.uri), [scheme, expected.authority ?? "", expected.params], name);
  }
});

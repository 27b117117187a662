import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAskedService } from "#serve/forced-command.ts";

test("what stock Nix runs over ssh is understood, wherever the program lies", () => {
  const daemon = { protocol: "daemon", write: true, store: undefined, untrusted: false };
  assert.deepEqual(parseAskedService("nix-daemon --stdio"), daemon);
  assert.deepEqual(parseAskedService("/run/current-system/sw/bin/nix-daemon --stdio"), daemon);
  assert.deepEqual(parseAskedService("nix daemon --stdio"), daemon);
  assert.deepEqual(parseAskedService("elsewhere --stdio"), daemon);
  assert.deepEqual(parseAskedService("nix-daemon --stdio --store '/srv/a b'"), {
    ...daemon,
    store: "/srv/a b",
  });
  const serve = { protocol: "serve", write: true, store: undefined, untrusted: false };
  assert.deepEqual(parseAskedService("nix-store --serve --write"), serve);
  assert.deepEqual(parseAskedService("elsewhere serve --serve --store=x/y"), {
    ...serve,
    write: false,
    store: "x/y",
  });
});

test("a client may ask for less trust, and never for more", () => {
  assert.equal(parseAskedService("elsewhere serve --stdio --force-untrusted").untrusted, true);
  assert.throws(() => parseAskedService("elsewhere serve --stdio --force-trusted"), { code: "REFUSED" });
});

for (const command of [
  "rm -rf /",
  "nix-store --realise /nix/store/x",
  "nix build",
  "nix-daemon",
  "nix-daemon --stdio; rm -rf /",
  "nix-daemon --stdio --option trusted-users '*'",
  "sh -c 'nix-daemon --stdio'",
  "elsewhere build x",
  "",
])
  test(`'${command}' is refused with what is allowed`, () => {
    assert.throws(
      () => parseAskedService(command),
      (error: { code?: string; hint?: string }) =>
        error.code === "REFUSED" && /nix-daemon --stdio/.test(error.hint ?? ""),
    );
  });

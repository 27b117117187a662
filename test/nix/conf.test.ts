import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ElsewhereError } from "#base/errors.ts";
import { parseConf } from "#nix/conf.ts";

function parse(text: string, files: { [path: string]: string } = {}): string[] {
  const lines = parseConf(text, { file: "/etc/nix/nix.conf", readFile: (path) => files[path] });
  return lines.map(({ name, value, file, line }) => `${file}:${line} ${name}=${value}`);
}

test("a line sets a name to words, and a hash begins a comment anywhere", () => {
  assert.deepEqual(parse("# all\n\n  max-jobs   = 4 # four\nsandbox-paths = /a\t/b=/c  \nbuilders =\n"), [
    "/etc/nix/nix.conf:3 max-jobs=4",
    "/etc/nix/nix.conf:4 sandbox-paths=/a /b=/c",
    "/etc/nix/nix.conf:5 builders=",
  ]);
});

test("files are included where they are named, relative to the file that names them", () => {
  const files = { "/etc/nix/a.conf": "include sub/b.conf\nx = 1", "/etc/nix/sub/b.conf": "y = 2" };
  assert.deepEqual(parse("v = 0\ninclude a.conf\n!include missing.conf\nz = 3", files), [
    "/etc/nix/nix.conf:1 v=0",
    "/etc/nix/sub/b.conf:1 y=2",
    "/etc/nix/a.conf:2 x=1",
    "/etc/nix/nix.conf:4 z=3",
  ]);
});

test("an error names file and line", () => {
  const message = (text: string, files = {}) => {
    let found = "";
    assert.throws(
      () => parse(text, files),
      (error: Error) => {
        found = error.message;
        return true;
      },
    );
    return found;
  };
  assert.match(message("\nmax-jobs 4"), /nix.conf:2: want 'NAME = VALUE'/);
  assert.match(message("max-jobs=4"), /nix.conf:1/);
  assert.match(message("include a b"), /want 'include FILE'/);
  assert.match(message("include gone"), /'\/etc\/nix\/gone'.*does not exist/);
  assert.match(message("include a.conf", { "/etc/nix/a.conf": "bad" }), /a.conf:1/);
  assert.match(message("include nix.conf", { "/etc/nix/nix.conf": "include nix.conf" }), /includes itself/);
});

test("any text is lines or an error of ours", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("a", "=", "#", "\n", "include", "!include", " ", "\t", "x.conf")),
      (words) => {
        try {
          parse(words.join(" "), { "/etc/nix/x.conf": "a = b" });
        } catch (error) {
          assert.ok(error instanceof ElsewhereError, String(error));
        }
      },
    ),
    { numRuns: 1000 },
  );
});

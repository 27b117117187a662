import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sha256 } from "#nix/hash.ts";
import {
  formatPublicKey,
  formatSecretKey,
  makeSecretKey,
  parsePublicKey,
  publicKeyOf,
  TrustedKeys,
} from "#nix/signature.ts";
import { validSignatures } from "#nix/signature-fingerprint.ts";
import { DEFAULT_STORE_DIR, parseStorePath } from "#nix/store-path.ts";
import { parseStoreReference } from "#nix/store-reference.ts";
import { NIX_SUITES, NixRoot, withoutNix } from "#rig/nix-root.ts";
import { openBinaryCache } from "#store/binary-cache/open-binary-cache.ts";
import { copyClosure } from "#store/copy.ts";

const FEATURES = ["--extra-experimental-features", "nix-command"];

for (const suite of NIX_SUITES)
  test(`a cache that real Nix of ${suite} wrote goes through ours and back into Nix`, {
    skip: withoutNix(suite),
  }, async () => {
    using nix = new NixRoot(suite, "cache");
    const folder = mkdtempSync(join(tmpdir(), "elsewhere-interop-"));
    try {
      const key = makeSecretKey("test-1", Buffer.alloc(32, 9));
      writeFileSync(join(folder, "key"), formatSecretKey(key));
      writeFileSync(join(folder, "x.nix"), EXPRESSION);
      const out = await nix.run(["nix-build", "--no-out-link", join(folder, "x.nix")]);
      const theirs = `file://${folder}/theirs`;
      await nix.run(["nix", ...FEATURES, "copy", "--to", `${theirs}?secret-key=${folder}/key`, out]);

      await using from = openBinaryCache(parseStoreReference(theirs));
      const path = parseStorePath(DEFAULT_STORE_DIR, out);
      const closure = await from.queryClosure([path]);
      assert.equal(closure.length, 2);
      const trusted = new TrustedKeys([parsePublicKey(formatPublicKey(publicKeyOf(key)))]);
      for (const info of closure) {
        assert.equal(validSignatures(DEFAULT_STORE_DIR, info, trusted).length, 1);
        const nar = Buffer.concat(await Array.fromAsync(from.narFromPath(info.path)));
        assert.deepEqual(sha256(nar), info.narHash);
      }
      for (const compression of ["zstd", "xz", "none"]) {
        const ours = `file://${folder}/ours-${compression}`;
        await using to = openBinaryCache(parseStoreReference(`${ours}?compression=${compression}`), {
          secretKey: key,
        });
        await copyClosure(from, to, [path]);
        const root = `${folder}/root-${compression}`;
        const keys = ["--option", "trusted-public-keys", formatPublicKey(publicKeyOf(key))];
        await nix.run(["nix", ...FEATURES, "copy", ...keys, "--from", ours, "--to", root, out]);
        await nix.run(["nix-store", "--store", root, "--verify", "--check-contents"]);
        assert.match(await nix.run(["cat", `${root}${out}`]), /-dep$/m);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

const EXPRESSION = `
let
  build = name: script: derivation { inherit name; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" script ]; };
  dep = build "dep" "echo dep > $out";
in build "top" "echo \${dep} > $out"
`;

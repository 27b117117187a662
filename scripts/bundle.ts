// Bundles the program to `dist/` for the npm package: Node strips no types below node_modules.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { writeManPages } from "./man-pages.ts";

const root = join(import.meta.dirname, "..");
rmSync(join(root, "dist"), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: { elsewhere: "src/main/main.ts" },
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node24",
  chunkNames: "chunk/[hash]",
  // What commander requires of Node's own must stay reachable from a module.
  banner: {
    js: 'import { createRequire as elsewhereRequire } from "node:module"; const require = elsewhereRequire(import.meta.url);',
  },
  legalComments: "linked",
});
await writeManPages(join(root, "dist/man"));

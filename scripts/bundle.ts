// Bundles the program to `dist/`: for the npm package, since Node strips no types below node_modules, and for a checkout,
// where one file starts faster than hundreds. `scripts/bundle.ts [FOLDER]`
import { mkdirSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build, type Plugin } from "esbuild";
import { writeManPages } from "./man-pages.ts";

const root = join(import.meta.dirname, "..");
const folder = resolve(process.argv[2] ?? join(root, "dist"));
const begun = new Date();

/**
 * A part of Node is loaded when it is first used, and handed over as it is: imported, each of its exports is looked at,
 * and what Node leaves for later is loaded at once.
 */
const lazyBuiltins: Plugin = {
  name: "lazy-builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: "builtin" }));
    onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule("${path}");`,
    }));
  },
};

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: { elsewhere: "src/main/main.ts" },
  outdir: folder,
  write: false,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  plugins: [lazyBuiltins],
  // What commander requires of Node's own must stay reachable from a module.
  banner: {
    js: 'import { createRequire as elsewhereRequire } from "node:module"; const require = elsewhereRequire(import.meta.url);',
  },
  legalComments: "linked",
});
mkdirSync(folder, { recursive: true });
for (const { path, contents } of outputFiles) replaceFile(path, contents);
await writeManPages(join(folder, "man"));

/** Others may be reading, or starting. It is as old as what went into it: what changes meanwhile is newer. */
function replaceFile(path: string, contents: string | Uint8Array): void {
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, contents);
  utimesSync(beside, begun, begun);
  renameSync(beside, path);
}

// Run by `killed.test.ts`: builds until it is killed.

import { openLocalRealiser } from "#build/local/open.ts";
import { parseStorePathBaseName } from "#nix/store-path.ts";
import { openLocalStore } from "#store/local/open.ts";

const [root, drv] = process.argv.slice(2) as [string, string];
await using store = await openLocalStore({ root, environment: {} });
await using opened = await openLocalRealiser(store, {
  sandbox: "bubblewrap",
  searchPath: process.env.PATH ?? "",
});
await opened.realiser.buildPaths([{ kind: "built", drvPath: parseStorePathBaseName(drv), outputs: "*" }], {
  mode: "normal",
  settings: {},
  signal: new AbortController().signal,
  log: (event) => {
    if (event.kind === "result") process.stdout.write(`${event.fields[0]}\n`);
  },
});

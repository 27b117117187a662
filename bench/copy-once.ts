import { openStore } from "#main/open-store.ts";
import { parseStorePathBaseName } from "#nix/store-path.ts";
import { copyClosure } from "#store/copy.ts";

/** `copy-once.ts FROM TO PATH`, or `copy-once.ts FROM closure PATH`: what `nix copy` and `nix path-info -r` do. */
const [from, to, path] = process.argv.slice(2) as [string, string, string];
const context = { env: process.env, local: { requireSigs: false } };
const roots = [parseStorePathBaseName(path.split("/").pop()!)];
await using source = await openStore(from, context);
if (to === "closure") {
  process.stdout.write(`${(await source.queryClosure(roots)).length}\n`);
} else {
  await using destination = await openStore(to, context);
  const sent = await copyClosure(source, destination, roots, { checkSignatures: false });
  process.stdout.write(`${sent.length}\n`);
}
process.stderr.write(`rss ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB\n`);

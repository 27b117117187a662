/** A process of its own that works on a store: `worker.ts ROOT add|collect SEED COUNT`, over and over until killed with `forever`. */
import { openLocalStore } from "#store/local/open.ts";
import { addAll, chainOf } from "./local-rig.ts";

const [root, work, seed, count, mode] = process.argv.slice(2);

async function once(round: number): Promise<void> {
  await using store = await openLocalStore({ root: root!, autoOptimise: round % 2 === 1 });
  if (work === "add") await addAll(store, chainOf(Number(count), { seed: seed!, fan: 3 }));
  else await store.collectGarbage({ action: "delete-dead" });
}

process.stdout.write("started\n");
for (let round = 0; round === 0 || mode === "forever"; round++) await once(round);
process.stdout.write("done\n");

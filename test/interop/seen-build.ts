import assert from "node:assert/strict";
import type { Gate } from "./gate.ts";
import type { OffloadRig, Running } from "./offload-rig.ts";
import { PROGRAM } from "./served.ts";

/** That builds of `waiting` and `pair` with a tag, which Nix gave away, are seen while they go on and found again after that. */
export async function assertIsSeen(
  rig: OffloadRig,
  { tag, running, gate, door }: { tag: string; running: Running; gate: Gate; door: "hook" | "daemon" },
): Promise<void> {
  const ask = async (...words: readonly string[]) => JSON.parse(await elsewhere(...words, "--json"));
  const elsewhere = (...words: readonly string[]) => rig.run([PROGRAM, ...words]);
  await gate.reached();
  const runs = (await ask("ps")) as { command: string; running: { drvPath: string; builder: string }[] }[];
  const seen = runs.flatMap((run) =>
    run.running.map(({ drvPath, builder }) => `${run.command} ${drvPath.slice(33)} ${builder}`),
  );
  assert.ok(seen.includes(`${door} ${tag}-waiting.drv rig`), seen.join("; "));
  assert.match(await elsewhere("ps"), new RegExp(`waiting.* \\(${door}\\) .* rig: `));
  gate.open();
  await running.ended;

  const [past] = await ask("history", `${tag}-waiting`);
  assert.deepEqual([past.status, past.builder], ["built", "rig"]);
  assert.equal(past.request.command, `elsewhere ${door}`);
  const why = await elsewhere("explain", "--build", String(past.build));
  assert.match(why, /rig +YES +it is done there soonest/);
  assert.equal(await elsewhere("log", `${tag}-pair`), "the log of pair");
}

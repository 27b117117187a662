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
  const runs = (await ask("ps")) as Run[];
  const seen = runs.flatMap((run) =>
    run.running.map(({ drvPath, builder }) => `${run.command} ${drvPath.slice(33)} ${builder}`),
  );
  assert.ok(seen.includes(`${door} ${tag}-waiting.drv rig`), seen.join("; "));
  assert.match(await elsewhere("ps"), new RegExp(`waiting.* \\(${door}\\) .* rig: `));
  const { id } = runs.find((run) =>
    run.running.some(({ drvPath }) => drvPath.endsWith(`${tag}-waiting.drv`)),
  )!;
  const attach = () => rig.run(["sh", "-euc", '"$0" attach "$1" -L 2>&1', PROGRAM, id]);
  const attached = attach();
  gate.open();
  await running.ended;
  for (const said of [await attached, await attach()]) {
    assert.match(said, new RegExp(`^building ${tag}-waiting on rig$`, "m"));
    assert.match(said, new RegExp(`^built ${tag}-waiting on rig `, "m"));
    assert.match(said, new RegExp(`^${tag}-waiting +built +rig `, "m"), "the summary");
  }

  const [past] = await ask("history", `${tag}-waiting`);
  assert.deepEqual([past.status, past.builder], ["built", "rig"]);
  assert.equal(past.request.command, `elsewhere ${door}`);
  const why = await elsewhere("explain", "--build", String(past.build));
  assert.match(why, /rig +YES +it is done there soonest/);
  assert.equal(await elsewhere("log", `${tag}-pair`), "the log of pair");
}

interface Run {
  readonly id: string;
  readonly command: string;
  readonly running: readonly { readonly drvPath: string; readonly builder: string }[];
}

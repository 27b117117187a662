import assert from "node:assert/strict";
import type { WaitReason } from "#schedule/reason.ts";
import type { World } from "./world.ts";

type ReasonOf = (task: string) => WaitReason | undefined;

/** Holds that everything that waits can name its reason. */
export function checkReasons({ sites, tasks, untold }: World, reasonOf: ReasonOf): void {
  const handedOver = new Set([...sites.values()].flatMap(({ waiting }) => waiting));
  for (const task of tasks.all) {
    if (task.run || task.end || task.requests.size === 0) continue;
    if (handedOver.has(task) || untold.has(task)) continue;
    assert.ok(reasonOf(task.sketch.id), `${task.sketch.id} waits and nobody knows why`);
  }
}

/** Holds that nothing waits for ever. */
export function checkEnd({ tasks }: World, reasonOf: ReasonOf): void {
  const wanted = [...tasks.all].filter(({ requests }) => requests.size > 0);
  const lost = wanted.filter(({ end }) => end === undefined);
  const id = lost[0]?.sketch.id;
  const why = id && JSON.stringify(reasonOf(id));
  assert.equal(lost.length, 0, `${lost.length} of ${wanted.length} never ended: ${id}: ${why}`);
}

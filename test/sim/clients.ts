import { tell, truthOf } from "./model.ts";
import type { Arrival } from "./scenario.ts";
import type { World } from "./world.ts";

/** Lets clients ask, and some of them take back what they asked for, when it is their time. */
export function expectClients(world: World): void {
  for (const arrival of world.scenario.arrivals) {
    const { atMs, withdrawnAtMs, request } = arrival;
    world.timeline.at(atMs, () => arrive(world, arrival));
    if (withdrawnAtMs !== undefined) world.timeline.at(withdrawnAtMs, () => withdraw(world, request));
  }
}

function arrive(world: World, { request, principal, priority, tasks }: Arrival): void {
  const { seed, foresight } = world.scenario;
  const told = tasks.map((sketch) => {
    const truth = truthOf(sketch, seed);
    const task = tell(sketch, truth, { seed, foresight });
    const toldMemoryBytes = task.estimate.memoryBytes;
    const known = world.tasks.take(sketch, { truth, toldMemoryBytes, readyMs: world.timeline.nowMs });
    known.requests.add(request);
    if (known.end !== "done") known.end = undefined;
    return task;
  });
  world.tell({ kind: "requested", request, principal, priority, keepGoing: true, tasks: told });
}

function withdraw({ tasks, tell: say }: World, request: string): void {
  for (const task of tasks.all) task.requests.delete(request);
  say({ kind: "withdrawn", request });
}

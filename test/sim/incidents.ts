import type { Incident } from "./scenario.ts";
import { endRun, type Site } from "./site.ts";
import { lose } from "./work.ts";
import type { World } from "./world.ts";

/** Lets builders go away and come back, fill up and slow down when it is time for it. */
export function expectIncidents(world: World): void {
  for (const site of world.sites.values())
    for (const incident of site.builder.incidents)
      world.timeline.at(incident.atMs, () => befall(world, site, incident));
}

function befall(world: World, site: Site, incident: Incident): void {
  switch (incident.kind) {
    case "down":
      goDown(world, site);
      return;
    case "up":
      site.up = true;
      world.tell({ kind: "builder-changed", builder: site.builder.traits.name, state: "up" });
      return;
    case "disk-full":
      site.full = true;
      return;
    case "disk-freed":
      site.full = false;
      return;
    case "pace":
      site.pace = incident.pace;
      return;
  }
}

/** With all that runs there, and all that it alone holds. */
function goDown(world: World, site: Site): void {
  const { tasks, untold, tell } = world;
  const { name } = site.builder.traits;
  site.up = false;
  const lost = [...Array.from(site.runs, ({ task }) => task), ...site.waiting];
  for (const run of site.runs) endRun(run);
  site.waiting.length = 0;
  for (const task of tasks.all) task.holders.delete(site);
  site.sources.clear();
  for (const task of lost) untold.add(task);
  tell({ kind: "builder-changed", builder: name, state: "down" });
  for (const task of lost) {
    untold.delete(task);
    lose(world, { task: task.sketch.id, builder: name, loss: "vanished" });
  }
  const gone = tasks.neededAgain();
  for (const task of gone) task.end = undefined;
  if (gone.length > 0) tell({ kind: "outputs-lost", tasks: gone.map(({ sketch }) => sketch.id) });
}

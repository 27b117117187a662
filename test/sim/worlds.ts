import { chance } from "./chance.ts";
import type { SketchedTask } from "./model.ts";
import { type Arrival, type Incident, simBuilder } from "./scenario.ts";

/** Of tasks `t0`, `t1`, … each needs some of those before it. */
export function graphOf(picks: readonly (readonly number[])[], seed: number): SketchedTask[] {
  return picks.map((needs, index) => {
    const roll = chance(seed, "kind", index);
    const isHeavy = roll > 0.95;
    return {
      id: `t${index}`,
      name: isHeavy ? `gcc-${index}` : `t${index}-1.0`,
      system: roll < 0.1 ? "aarch64-linux" : roll < 0.2 ? "builtin" : "x86_64-linux",
      features: isHeavy ? ["big-parallel"] : roll < 0.25 ? ["kvm"] : [],
      preferLocal: roll < 0.15,
      isFetch: roll < 0.2,
      needs: index === 0 ? [] : [...new Set(needs.map((pick) => `t${pick % index}`))],
      sources: [{ path: `s${index % 7}`, bytes: 100_000 * (index % 7) }],
    };
  });
}

/** Builders that differ, and of which some fall ill; every kind of task has one that stays well. */
export function fleet(seed: number) {
  const minutes = (n: number, salt: string) => Math.floor(chance(seed, salt) * n * 60_000);
  const away = (salt: string): Incident[] => {
    const atMs = minutes(10, salt);
    return [
      { atMs, kind: "down" },
      { atMs: atMs + minutes(5, `${salt}again`), kind: "up" },
    ];
  };
  return [
    simBuilder("steady", { maxJobs: 3, memoryBytes: 20 * GB, cores: 8 }),
    simBuilder("arm", { systems: ["aarch64-linux"], maxJobs: 2, memoryBytes: 14 * GB }),
    simBuilder("fast", { maxJobs: 2, speedFactor: 4, memoryBytes: 8 * GB }, { incidents: away("fast") }),
    simBuilder("liar", { speedFactor: 4 }, { pace: 0.1 }),
    simBuilder(
      "emulator",
      { systems: ["x86_64-linux", "aarch64-linux"], emulatedSystems: ["aarch64-linux"] },
      { incidents: away("emulator") },
    ),
    simBuilder(
      "full",
      { maxJobs: 8 },
      {
        incidents: [
          { atMs: 0, kind: "disk-full" },
          { atMs: minutes(20, "freed"), kind: "disk-freed" },
        ],
      },
    ),
    simBuilder("only-kvm", { mandatoryFeatures: ["kvm"], maxJobs: 1 }),
    simBuilder("here", {
      local: true,
      maxJobs: 2,
      speedFactor: 1,
      supportedFeatures: ["kvm", "big-parallel"],
    }),
  ];
}

export function arrival(tasks: readonly SketchedTask[], more: Partial<Arrival> = {}): Arrival {
  return { atMs: 0, request: "r", principal: "p", priority: 0, tasks, ...more };
}

export function closureOf(tasks: readonly SketchedTask[], roots: readonly SketchedTask[]): SketchedTask[] {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const wanted = new Set(roots.map(({ id }) => id));
  for (const id of wanted) for (const need of byId.get(id)!.needs) wanted.add(need);
  return tasks.filter(({ id }) => wanted.has(id));
}

const GB = 1_000_000_000;

import type { Machine } from "#nix/machine.ts";
import { ABSENT, type Check, found, seen } from "../check.ts";
import { cure } from "../cure.ts";
import type { ClientCase } from "./client-case.ts";

/** Who builds for which system. */
export const coverage: Check<ClientCase> = {
  link: "systems",
  needs: ["nix.conf"],
  look: ({ configuration, machines }) => {
    const { settings } = configuration.settings;
    const builders = machines.flatMap(({ machine }) => (machine && machine.maxJobs > 0 ? [machine] : []));
    if (machines.length === 0 && settings["max-jobs"] > 0) return ABSENT;
    const here = settings["max-jobs"] > 0 ? [settings.system, ...settings["extra-platforms"]] : [];
    const table = tableOf(builders, here);
    const said =
      [...table]
        .flatMap(([system, count]) => (LEVEL.test(system) ? [] : [`${system} ×${count}`]))
        .join(", ") || "none";
    if (table.has(settings.system)) return seen(said);
    const reserved = machines.some(({ machine }) => machine?.systems.includes(settings.system));
    return found(said, {
      code: "SYSTEM_UNCOVERED",
      severity: "fault",
      seen: `max-jobs is 0 here, and no builder ${reserved ? "that may run a job " : ""}lists ${settings.system}, this machine's own system, without mandatory features`,
      why: "An ordinary build for this system can be done nowhere: 'unable to start any build'",
      cure: cure(
        "Allow builds here, or list the system in a builder's line",
        "max-jobs = auto",
        `ssh-ng://USER@HOST ${settings.system}`,
      ),
    });
  },
};

/** How many can do an ordinary build, by system. */
function tableOf(builders: readonly Machine[], here: readonly string[]): Map<string, number> {
  const table = new Map<string, number>();
  const count = (system: string) => table.set(system, (table.get(system) ?? 0) + 1);
  for (const system of here) count(system);
  for (const { systems, mandatoryFeatures } of builders)
    if (mandatoryFeatures.length === 0) for (const system of systems) count(system);
  return table;
}

/** Levels of a processor are told with the processor. */
const LEVEL = /^x86_64-v\d-/;

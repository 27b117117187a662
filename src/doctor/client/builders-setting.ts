import { type Check, found, seen } from "../check.ts";
import { cure } from "../cure.ts";
import { type ClientCase, placeOfSetting } from "./client-case.ts";

const EXAMPLE = "ssh-ng://USER@HOST x86_64-linux /root/.ssh/builder_key 4 1 big-parallel";

export const buildersSetting: Check<ClientCase> = {
  link: "builders",
  needs: ["nix.conf"],
  look: ({ configuration, written, machines, machinesFault }) => {
    const { builders } = configuration.settings.settings;
    const place = placeOfSetting(configuration, "builders");
    if (machinesFault !== undefined)
      return found("cannot be read", {
        code: "MACHINES_UNREADABLE",
        severity: "fault",
        seen: machinesFault,
        why: "Who cannot read the file has no builders",
        cure: cure("Let everybody read it", "sudo chmod 644 /etc/nix/machines"),
      });
    const missing = written.files.find(({ text }) => text === undefined);
    if (missing && place !== undefined)
      return found("names a file that is not there", {
        code: "MACHINES_FILE_MISSING",
        severity: "fault",
        seen: `${missing.namedBy.file === "builders" ? place : `${missing.namedBy.file}:${missing.namedBy.line}`} says 'builders = ${builders}', and there is no ${missing.path}`,
        why: "Nix takes a file that is missing for one without builders, and says nothing",
        cure: cure(
          `Write the builders into ${missing.path}, a line for each, or name the right file`,
          EXAMPLE,
        ),
      });
    if (machines.length === 0 && written.files.every(({ text }) => text === undefined || text.trim() === ""))
      return found("none", {
        code: "NO_BUILDERS",
        severity: "fault",
        seen: builders.trim() === "" ? "'builders' is empty" : `'builders = ${builders}' names no builder`,
        why: "Everything is built here, or nowhere",
        cure: cure(
          "Set one up, or write a line for it into /etc/nix/machines",
          "elsewhere setup builder USER@HOST",
          EXAMPLE,
        ),
      });
    const files = new Set(machines.map(({ entry }) => entry.file));
    return seen(`${machines.length} in ${[...files].join(", ")}`);
  },
};

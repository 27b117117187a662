import type { ConfLine } from "#nix/conf.ts";
import { type Check, found, seen } from "../check.ts";
import { cure } from "../cure.ts";
import type { Finding } from "../finding.ts";
import { type ClientCase, placeOfSetting } from "./client-case.ts";
import { KNOWN_SETTINGS } from "./known-settings.ts";
import { nearest } from "./nearest.ts";

export const configuration: Check<ClientCase> = {
  link: "nix.conf",
  look: ({ configuration, outside }) => {
    const { fault, settings, lines, files } = configuration;
    if (fault)
      return found("cannot be read", {
        code: "CONF_UNREADABLE",
        severity: "fault",
        seen: fault.message,
        why: "Nix refuses to do anything with a configuration that it cannot read",
        cure: cure(fault.hint ?? "Correct the line, or the file's permissions"),
      });
    const there = files.filter((file) => outside.files.stat(file) !== undefined);
    const effective = ["builders", "max-jobs", "builders-use-substitutes"].map((name) => {
      const place = placeOfSetting(configuration, name);
      const value = settings.settings[name as "builders" | "max-jobs" | "builders-use-substitutes"];
      return `${name} = ${abridged(String(value))} (${place ?? "default"})`;
    });
    const unknown = lines.flatMap((line) => unknownSetting(line, settings.unknown));
    return seen(`${there.length > 0 ? there.join(", ") : "none"}; ${effective.join("; ")}`, unknown);
  },
};

/** What neither Nix nor Elsewhere knows is a mistake nearly always. */
function unknownSetting(line: ConfLine, unknown: readonly ConfLine[]): Finding[] {
  const name = line.name.replace(/^extra-/, "");
  if (!unknown.includes(line) || KNOWN_SETTINGS.has(name) || name.startsWith("plugin-")) return [];
  const meant = nearest(name, KNOWN_SETTINGS);
  return [
    {
      code: "CONF_UNKNOWN_SETTING",
      severity: "warning",
      seen: `${line.file}:${line.line}: no setting is called '${line.name}'`,
      why: "Nix says so in a warning, and goes on as if the line were not there",
      cure: meant
        ? cure("Write the name that was meant", `${meant} = ${line.value}`)
        : cure("Take the line out, or correct its name"),
    },
  ];
}

function abridged(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}

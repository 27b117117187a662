import { cure } from "../cure.ts";
import type { Finding } from "../finding.ts";
import type { Fix } from "../fix.ts";
import { type MachineEntry, placeOf } from "./entry.ts";
import { meaningOf } from "./meaning.ts";

export function shifted(entry: MachineEntry, mended: string, fault?: string): Finding {
  return {
    code: "LINE_SHIFTED",
    severity: "fault",
    seen: `${placeOf(entry)}: fields stand in the wrong place${fault ? `: ${fault}` : ""}. '${entry.text}' means ${meaningOf(entry)}`,
    why: "Nix goes by the place of a field alone: builds are refused, or never sent there, or ssh is given what is no key",
    cure: cure("Write what was meant; `-` stands for a field that is left out", mended),
    fix: lineFix(entry, mended, "put the fields where they were meant"),
  };
}

export function splitList(entry: MachineEntry, mended: string | undefined): Finding {
  return {
    code: "LINE_SPLIT_LIST",
    severity: "fault",
    seen: `${placeOf(entry)}: a list has a blank after its comma, so that it is two fields: it means ${meaningOf(entry)}`,
    why: "Blanks part fields: everything after the blank stands one place too far right",
    cure: cure("Write lists without blanks", ...(mended ? [mended] : [])),
    ...(mended && { fix: lineFix(entry, mended, "join the list") }),
  };
}

export function wrongScheme(entry: MachineEntry, mended: string | undefined): Finding {
  return {
    code: "LINE_SCHEME",
    severity: "fault",
    seen: `${placeOf(entry)}: '${entry.fields[0]!.text}' is no builder's URI`,
    why: "Only ssh-ng:// and ssh:// reach a builder on another machine; http:// names a binary cache, which cannot build",
    cure: cure("Name the host by ssh-ng://", ...(mended ? [mended] : ["ssh-ng://USER@HOST x86_64-linux"])),
    ...(mended && { fix: lineFix(entry, mended, "reach it by ssh") }),
  };
}

export function tooLong(entry: MachineEntry, mended: string | undefined): Finding {
  return {
    code: "LINE_TOO_LONG",
    severity: "warning",
    seen: `${placeOf(entry)}: ${entry.fields.length} fields, and only ${FIELDS_MAX} mean something`,
    why: "What stands after the eighth field is not read",
    cure: cure("Leave it away, or look whether fields are shifted", ...(mended ? [mended] : [])),
  };
}

export function syntaxFault(entry: MachineEntry, fault: string): Finding {
  return {
    code: "LINE_SYNTAX",
    severity: "fault",
    seen: `${placeOf(entry)}: ${fault}`,
    why: "One line that cannot be read makes Nix refuse the whole file",
    cure: cure(
      "Fields are these, with `-` for one that is left out",
      "URI SYSTEMS SSH-KEY JOBS SPEED FEATURES MANDATORY-FEATURES HOST-KEY",
    ),
  };
}

export function notAHost(entry: MachineEntry): Finding {
  return {
    code: "LINE_NOT_A_HOST",
    severity: "fault",
    seen: `${placeOf(entry)}: '${entry.fields[0]!.text}' is taken for a builder's name`,
    why: "A semicolon or a new line ends a builder: what follows is another one, not more of the same",
    cure: cure("Join lists by commas, and keep each builder on one line"),
  };
}

export function noJobs(entry: MachineEntry): Finding {
  return {
    code: "LINE_NO_JOBS",
    severity: "fault",
    seen: `${placeOf(entry)}: the builder may run 0 builds at once`,
    why: "It never gets one",
    cure: cure("Give it jobs (field 4), or take the line out"),
  };
}

export function badHostKey(entry: MachineEntry): Finding {
  return {
    code: "LINE_HOST_KEY",
    severity: "fault",
    seen: `${placeOf(entry)}: field 8 is not the base64 of a host key`,
    why: "Nix writes what it decodes into a known_hosts file, and ssh finds no key of the host in it",
    cure: cure(
      "Write the base64 of 'ssh-ed25519 AAAA…': the type with it, on one line",
      "ssh-keyscan -t ed25519 HOST | cut -d' ' -f2- | base64 -w0",
    ),
  };
}

function lineFix(entry: MachineEntry, mended: string, why: string): Fix | undefined {
  // What is written in nix.conf or on the command line has more around it than one line.
  if (!entry.file.startsWith("/")) return undefined;
  const after = entry.whole.replace(entry.text, () => mended);
  return { kind: "edit", why, file: entry.file, line: entry.line, before: entry.whole, after };
}

/** Fields that mean something. */
export const FIELDS_MAX = 8;

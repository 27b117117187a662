import { Buffer } from "node:buffer";
import { messageOf } from "#base/errors.ts";
import type { Machine } from "#nix/machine.ts";
import { parseMachines } from "#nix/machines.ts";
import { parseSshAuthority, parseStoreReference } from "#nix/store-reference.ts";
import { cure } from "../cure.ts";
import type { Finding } from "../finding.ts";
import type { Fix } from "../fix.ts";
import type { MachineEntry } from "./entry.ts";
import { meaningOf } from "./meaning.ts";
import { isInPlace, mendLine } from "./mend.ts";
import { isSystem } from "./word-kind.ts";

/** A line with what is wrong with it, and the machine that was meant, as far as that can be told. */
export interface JudgedLine {
  readonly entry: MachineEntry;
  readonly machine: Machine | undefined;
  readonly findings: readonly Finding[];
}

/** Judges one line by itself. */
export function judgeLine(entry: MachineEntry, defaultSystem: string): JudgedLine {
  const uri = entry.fields[0]!.text;
  if (isFeatureOrSystem(uri)) return { entry, machine: undefined, findings: [notAHost(entry)] };
  const read = attempt(entry.text, entry, defaultSystem);
  const mended = mendLine(entry);
  const meant = mended === undefined ? read : attempt(mended, entry, defaultSystem);
  const findings = [
    isCut(entry) ? splitList(entry, mended) : undefined,
    isScheme(uri) ? wrongScheme(entry, mended) : undefined,
    entry.fields.length > FIELDS_MAX ? tooLong(entry, mended) : undefined,
  ].filter((finding) => finding !== undefined);
  if (findings.length === 0 && read.fault !== undefined)
    findings.push(mended === undefined ? syntaxFault(entry, read.fault) : shifted(entry, mended, read.fault));
  else if (findings.length === 0 && mended !== undefined && !isInPlace(wordsAfterUri(entry)))
    findings.push(shifted(entry, mended));
  if (meant.machine?.maxJobs === 0) findings.push(noJobs(entry));
  const machine = meant.machine ?? read.machine;
  const unusable = machine && (uriFault(entry, machine) ?? hostKeyFault(entry, machine));
  if (unusable) return { entry, machine: undefined, findings: [...findings, unusable] };
  return { entry, machine, findings };
}

function attempt(
  text: string,
  { file, line }: MachineEntry,
  defaultSystem: string,
): { readonly machine?: Machine; readonly fault?: string } {
  try {
    const [machine] = parseMachines(text, { defaultSystem, file });
    return machine ? { machine: { ...machine, source: { file, line } } } : {};
  } catch (error) {
    return { fault: messageOf(error).replace(/^.*?:\d+: /s, "") };
  }
}

function shifted(entry: MachineEntry, mended: string, fault?: string): Finding {
  return {
    code: "LINE_SHIFTED",
    severity: "fault",
    seen: `${placeOf(entry)}: fields stand in the wrong place${fault ? `: ${fault}` : ""}. '${entry.text}' means ${meaningOf(entry)}`,
    why: "Nix goes by the place of a field alone: builds are refused, or never sent there, or ssh is given what is no key",
    cure: cure("Write what was meant; `-` stands for a field that is left out", mended),
    fix: lineFix(entry, mended, "put the fields where they were meant"),
  };
}

function splitList(entry: MachineEntry, mended: string | undefined): Finding {
  return {
    code: "LINE_SPLIT_LIST",
    severity: "fault",
    seen: `${placeOf(entry)}: a list has a blank after its comma, so that it is two fields: it means ${meaningOf(entry)}`,
    why: "Blanks part fields: everything after the blank stands one place too far right",
    cure: cure("Write lists without blanks", ...(mended ? [mended] : [])),
    ...(mended && { fix: lineFix(entry, mended, "join the list") }),
  };
}

function wrongScheme(entry: MachineEntry, mended: string | undefined): Finding {
  return {
    code: "LINE_SCHEME",
    severity: "fault",
    seen: `${placeOf(entry)}: '${entry.fields[0]!.text}' is no builder's URI`,
    why: "Only ssh-ng:// and ssh:// reach a builder on another machine; http:// names a binary cache, which cannot build",
    cure: cure("Name the host by ssh-ng://", ...(mended ? [mended] : ["ssh-ng://USER@HOST x86_64-linux"])),
    ...(mended && { fix: lineFix(entry, mended, "reach it by ssh") }),
  };
}

function tooLong(entry: MachineEntry, mended: string | undefined): Finding {
  return {
    code: "LINE_TOO_LONG",
    severity: "warning",
    seen: `${placeOf(entry)}: ${entry.fields.length} fields, and only ${FIELDS_MAX} mean something`,
    why: "What stands after the eighth field is not read",
    cure: cure("Leave it away, or look whether fields are shifted", ...(mended ? [mended] : [])),
  };
}

function syntaxFault(entry: MachineEntry, fault: string): Finding {
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

function notAHost(entry: MachineEntry): Finding {
  return {
    code: "LINE_NOT_A_HOST",
    severity: "fault",
    seen: `${placeOf(entry)}: '${entry.fields[0]!.text}' is taken for a builder's name`,
    why: "A semicolon or a new line ends a builder: what follows is another one, not more of the same",
    cure: cure("Join lists by commas, and keep each builder on one line"),
  };
}

function uriFault(entry: MachineEntry, { uri }: Machine): Finding | undefined {
  try {
    const { scheme, authority } = parseStoreReference(uri);
    if (scheme.startsWith("ssh") && authority !== "localhost") parseSshAuthority(authority);
    return undefined;
  } catch (error) {
    return syntaxFault(entry, messageOf(error));
  }
}

function hostKeyFault(entry: MachineEntry, { sshPublicHostKey: encoded }: Machine): Finding | undefined {
  if (encoded === undefined || HOST_KEY.test(Buffer.from(encoded, "base64").toString("latin1")))
    return undefined;
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

function noJobs(entry: MachineEntry): Finding {
  return {
    code: "LINE_NO_JOBS",
    severity: "fault",
    seen: `${placeOf(entry)}: the builder may run 0 builds at once`,
    why: "It never gets one",
    cure: cure("Give it jobs (field 4), or take the line out"),
  };
}

function lineFix(entry: MachineEntry, mended: string, why: string): Fix | undefined {
  // What is written in nix.conf or on the command line has more around it than one line.
  if (!entry.file.startsWith("/")) return undefined;
  const after = entry.whole.replace(entry.text, () => mended);
  return { kind: "edit", why, file: entry.file, line: entry.line, before: entry.whole, after };
}

/** `FILE:LINE:COLUMN`, of the whole entry. */
export function placeOf({ file, line, column }: MachineEntry): string {
  return `${file}:${line}:${column}`;
}

function wordsAfterUri({ fields }: MachineEntry): string[] {
  return fields.slice(1).map(({ text }) => text);
}

function isCut(entry: MachineEntry): boolean {
  return wordsAfterUri(entry).some((word) => /^,|,$/.test(word));
}

function isScheme(uri: string): boolean {
  return (
    /^(?!ssh(-ng)?:\/\/)[a-zA-Z][a-zA-Z0-9+.-]*:\/\//.test(uri) &&
    !/^(unix|local|daemon|dummy):\/\//.test(uri)
  );
}

function isFeatureOrSystem(word: string): boolean {
  return isSystem(word) || FEATURES.has(word);
}

const HOST_KEY = /^[a-z0-9@.-]+ [A-Za-z0-9+/=]+/;
const FIELDS_MAX = 8;
const FEATURES: ReadonlySet<string> = new Set([
  "kvm",
  "big-parallel",
  "nixos-test",
  "benchmark",
  "uid-range",
  "apple-virt",
  "recursive-nix",
  "ca-derivations",
]);

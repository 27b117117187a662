import { Buffer } from "node:buffer";
import { messageOf } from "#base/errors.ts";
import type { Machine } from "#nix/machine.ts";
import { parseMachines } from "#nix/machines.ts";
import { parseSshAuthority, parseStoreReference } from "#nix/store-reference.ts";
import type { Finding } from "../finding.ts";
import type { MachineEntry } from "./entry.ts";
import {
  badHostKey,
  FIELDS_MAX,
  noJobs,
  notAHost,
  shifted,
  splitList,
  syntaxFault,
  tooLong,
  wrongScheme,
} from "./line-findings.ts";
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

function uriFault(entry: MachineEntry, { uri }: Machine): Finding | undefined {
  try {
    const { scheme, authority } = parseStoreReference(uri);
    if (scheme.startsWith("ssh") && authority !== "localhost") parseSshAuthority(authority);
    return undefined;
  } catch (error) {
    return syntaxFault(entry, messageOf(error));
  }
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

function hostKeyFault(entry: MachineEntry, { sshPublicHostKey: encoded }: Machine): Finding | undefined {
  if (encoded === undefined || HOST_KEY.test(Buffer.from(encoded, "base64").toString("latin1")))
    return undefined;
  return badHostKey(entry);
}

const HOST_KEY = /^[a-z0-9@.-]+ [A-Za-z0-9+/=]+/;
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

import { formatMachine, type Machine } from "#nix/machine.ts";
import { isTomlMachines } from "#nix/machines-toml.ts";
import { parseSshAuthority, parseStoreReference } from "#nix/store-reference.ts";

/** A machines file that names `machine`, in the place of what it said of the same address before. */
export function withMachine(text: string, machine: Machine): string {
  return isTomlMachines(text) ? withTable(text, machine) : withLine(text, machine);
}

function withLine(text: string, machine: Machine): string {
  const added = formatMachine(machine);
  let written = false;
  const lines = linesOf(text).flatMap((line) => {
    if (!line.split(";").some((entry) => isAbout(entry, machine))) return [line];
    const entries = line.split(";").map((entry) => (isAbout(entry, machine) ? added : entry));
    const kept = entries.filter((entry) => entry !== added || !written);
    written = true;
    return kept.length > 0 ? [kept.join(";")] : [];
  });
  return joined(written ? lines : [...lines, added]);
}

function isAbout(entry: string, { uri }: Machine): boolean {
  const [first] = entry.replace(/#.*$/, "").trim().split(/\s+/);
  return first !== undefined && first !== "" && addressOf(first) === addressOf(uri);
}

/** Where a machine is, whatever the protocol and its parameters. */
function addressOf(uri: string): string {
  return uri.replace(/^[a-z-]+:\/\//, "").replace(/\?.*$/, "");
}

/** Lix's form: a table for each machine. */
function withTable(text: string, machine: Machine): string {
  const table = tableOf(machine);
  const lines = linesOf(text);
  const begin = lines.findIndex((line) => line.trim() === table[0]);
  if (begin < 0) return joined([...lines, "", ...table]);
  const length = lines.slice(begin + 1).findIndex((line) => /^\s*\[/.test(line));
  const rest = length < 0 ? [] : ["", ...lines.slice(begin + 1 + length)];
  return joined([...lines.slice(0, begin), ...table, ...rest]);
}

function tableOf(machine: Machine): string[] {
  const { host } = parseSshAuthority(parseStoreReference(machine.uri).authority);
  const list = (values: readonly string[]) => `[${values.map((value) => JSON.stringify(value)).join(", ")}]`;
  return [
    `[machines.${/^[A-Za-z0-9_-]+$/.test(host) ? host : JSON.stringify(host)}]`,
    `uri = ${JSON.stringify(machine.uri)}`,
    `system-types = ${list(machine.systems)}`,
    ...(machine.sshKey === undefined ? [] : [`ssh-key = ${JSON.stringify(machine.sshKey)}`]),
    `jobs = ${machine.maxJobs}`,
    `speed-factor = ${machine.speedFactor}`,
    `supported-features = ${list(machine.supportedFeatures)}`,
    `mandatory-features = ${list(machine.mandatoryFeatures)}`,
    ...(machine.sshPublicHostKey === undefined
      ? []
      : [`ssh-public-host-key = ${JSON.stringify(machine.sshPublicHostKey)}`]),
  ];
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

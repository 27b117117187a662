import type { MachineEntry } from "./entry.ts";

/** What Nix makes of a line, in words: "identity file '/', 1 job, speed 8, …". */
export function meaningOf({ fields }: MachineEntry): string {
  const [, systems, key, jobs, speed, supported, mandatory, hostKey, ...more] = fields.map(({ text }) =>
    text === "-" ? undefined : text,
  );
  const number = (text: string | undefined) =>
    text === undefined || /^\d+$/.test(text) ? (text ?? "1") : `'${text}', which is no number`;
  return [
    systems === undefined ? "this machine's own system" : `systems ${quoted(systems)}`,
    ...(key === undefined ? [] : [`identity file '${key}'`]),
    `${number(jobs)} ${jobs === undefined || jobs === "1" ? "job" : "jobs"}`,
    ...(speed === undefined
      ? []
      : [`speed ${/^[\d.]+$/.test(speed) ? speed : `'${speed}', which is no number`}`]),
    ...(supported === undefined ? [] : [`features ${quoted(supported)}`]),
    ...(mandatory === undefined ? [] : [`mandatory features ${quoted(mandatory)}`]),
    ...(hostKey === undefined ? [] : [`host key '${abridged(hostKey)}'`]),
    ...(more.length === 0 ? [] : [`and ${more.length} more that mean nothing`]),
  ].join(", ");
}

function quoted(list: string): string {
  return list
    .split(",")
    .map((item) => `'${item}'`)
    .join(" ");
}

function abridged(text: string): string {
  return text.length <= 20 ? text : `${text.slice(0, 17)}…`;
}

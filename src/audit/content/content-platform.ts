import { describeBinary } from "../format/binary.ts";
import { kinship, type Platform } from "../platform.ts";
import type { BinaryGroup, Contents } from "./contents.ts";

/** The platform that most of a store path's programs and libraries are for; undefined where it holds none, or several processors' alike. */
export function platformOfContents(contents: Contents): Platform | undefined {
  const counts = new Map<Platform, number>();
  for (const { place, binary, count } of contents.groups) {
    if (place === "data") continue;
    for (const { platform } of binary.machines) counts.set(platform, (counts.get(platform) ?? 0) + count);
  }
  const [first, second] = [...counts].sort(([, a], [, b]) => b - a);
  return first === undefined || first[1] === second?.[1] ? undefined : first[0];
}

/** Programs and libraries that do not run on a platform. */
export interface Misfit {
  readonly group: BinaryGroup;
  /** They run where something is installed for it. */
  readonly translated: boolean;
  /** Whether programs are started from where they lie, or libraries loaded. */
  readonly isUsed: boolean;
}

/** What in a store path for `platform` is for other platforms. Code for several processors fits where one of them does. */
export function misfitsOf(contents: Contents, platform: Platform): Misfit[] {
  const misfits: Misfit[] = [];
  for (const group of contents.groups) {
    const kins = group.binary.machines.map((machine) => kinship(platform, machine.platform));
    if (kins.length === 0 || kins.some((kin) => kin === "same" || kin === "native")) continue;
    const isUsed = group.place !== "data" && !kins.includes("bare");
    misfits.push({ group, translated: kins.includes("translated"), isUsed });
  }
  return misfits;
}

/** `12 files, Mach-O x86_64, such as bin/nix`. */
export function describeGroup({ binary, count, file }: BinaryGroup): string {
  return count === 1
    ? describeBinary(binary)
    : `${describeBinary(binary)}, and ${count - 1} more like it beside ${file}`;
}

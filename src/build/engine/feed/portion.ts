import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Moving } from "./precedence.ts";

/** What one stream carries. */
export interface Portion {
  /** Paths asked for that are whole once it has arrived. */
  readonly roots: ReadonlySet<StorePath>;
  /** Each after what it refers to. */
  readonly infos: readonly PathInfo[];
  /** What is on its way in other streams and must have arrived before. */
  readonly first: readonly Moving[];
  readonly isLarge: boolean;
  /** Others bring what must have arrived before: how soon is not known here. */
  readonly isLate: boolean;
}

export interface PortionInput {
  /** Of all roots, each after what it refers to. */
  readonly closure: readonly PathInfo[];
  /** Those of it that must be sent. */
  readonly missing: readonly PathInfo[];
  /** Those of it that others send. */
  readonly before: ReadonlyMap<StorePath, Moving>;
  /** By which the arrival of those that must be sent is told. */
  readonly own: ReadonlyMap<StorePath, Moving>;
}

/** Parts what must be sent into streams: what is little first, many roots in one, then what is large, root by root, and what waits for others. */
export function portionsOf(roots: readonly StorePath[], input: PortionInput): Portion[] {
  const { missing, before } = input;
  if (before.size === 0 && bytesOf(missing) <= LITTLE_BYTES)
    return [{ roots: new Set(roots), infos: missing, first: [], isLarge: false, isLate: false }];
  const sent = new Set<StorePath>();
  const needs = rootsWithNeeds(roots, input);
  const isLate = ({ paths }: RootNeeds) => before.keys().some((path) => paths.has(path));
  const { free = [], late = [] } = Object.groupBy(needs, (one) => (isLate(one) ? "late" : "free"));
  const groups = grouped(free);
  return [...groups, ...(late.length > 0 ? [late] : [])].map((group) => {
    const paths = new Set(group.flatMap((needs) => [...needs.paths]));
    const first = Array.from(paths, (path) => before.get(path) ?? (sent.has(path) && input.own.get(path)));
    const infos = missing.filter(({ path }) => paths.has(path) && !sent.has(path));
    for (const { path } of infos) sent.add(path);
    return {
      roots: new Set(group.map(({ root }) => root)),
      infos,
      first: first.filter((one) => !!one),
      isLarge: group !== late && group[0]!.bytes > LITTLE_BYTES,
      isLate: group === late,
    };
  });
}

/** Neighbours together, as long as they are little. */
function grouped(needs: readonly RootNeeds[]): RootNeeds[][] {
  const groups: RootNeeds[][] = [];
  let bytes = 0;
  for (const one of needs) {
    bytes += one.bytes;
    if (groups.length > 0 && bytes <= LITTLE_BYTES) groups.at(-1)!.push(one);
    else {
      groups.push([one]);
      bytes = one.bytes;
    }
  }
  return groups;
}

interface RootNeeds {
  readonly root: StorePath;
  /** All that it refers to, directly or not, and itself. */
  readonly paths: ReadonlySet<StorePath>;
  /** Of what of that must be sent. */
  readonly bytes: number;
}

/** The smallest first. */
function rootsWithNeeds(roots: readonly StorePath[], { closure, missing }: PortionInput): RootNeeds[] {
  const infos = new Map(closure.map((info) => [info.path, info]));
  const sizes = new Map(missing.map(({ path, narSize }) => [path, narSize]));
  const needs = roots.map((root) => {
    const paths = reachableFrom(root, infos);
    return {
      root,
      paths,
      bytes: Array.from(paths, (path) => sizes.get(path) ?? 0).reduce((a, b) => a + b, 0),
    };
  });
  return needs.sort((a, b) => a.bytes - b.bytes);
}

function reachableFrom(root: StorePath, infos: ReadonlyMap<StorePath, PathInfo>): Set<StorePath> {
  const reached = new Set([root]);
  for (const path of reached)
    for (const reference of infos.get(path)?.references ?? []) reached.add(reference);
  return reached;
}

function bytesOf(infos: readonly PathInfo[]): number {
  return infos.reduce((sum, { narSize }) => sum + narSize, 0);
}

/** What goes along with other things: a second or so of a slow line. */
const LITTLE_BYTES = 16 << 20;

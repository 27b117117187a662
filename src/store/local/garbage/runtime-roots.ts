import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { StorePath } from "#nix/store-path.ts";
import type { StoreContext } from "../context.ts";
import { validPathAt } from "./valid-path-at.ts";

/**
 * Valid paths that running processes execute, have mapped or open, stand in, or name in their environment.
 * Only Linux tells. Processes that come, go or are not ours to see are passed over. Source: Nix, `gc.cc`.
 */
export function* runtimeRoots(store: StoreContext): Generator<[holder: string, path: StorePath]> {
  const known = new Map<string, StorePath | undefined>();
  for (const [holder, place] of placesInUse(store)) {
    if (!known.has(place)) known.set(place, validPathAt(store, place));
    const path = known.get(place);
    if (path) yield [holder, path];
  }
}

function* placesInUse(store: StoreContext): Generator<[holder: string, place: string]> {
  const mentions = mentionsOf(store);
  for (const pid of list("/proc").filter((name) => /^\d+$/.test(name))) {
    const process = `/proc/${pid}`;
    for (const link of [
      `${process}/exe`,
      `${process}/cwd`,
      ...list(`${process}/fd`).map((fd) => `${process}/fd/${fd}`),
    ])
      for (const target of read(() => readlinkSync(link))) yield [link, target];
    for (const file of [`${process}/maps`, `${process}/environ`])
      for (const contents of read(() => readFileSync(file, "latin1")))
        for (const place of new Set(contents.match(mentions))) yield [file, place];
  }
  for (const file of KERNEL_FILES)
    for (const contents of read(() => readFileSync(file, "latin1"))) yield [file, contents.trim()];
}

/** Where a text names a store path, by the logical or the physical store directory. */
function mentionsOf({ layout }: StoreContext): RegExp {
  const directories = [...new Set<string>([layout.storeDir, layout.realStoreDir])].map((directory) =>
    RegExp.escape(directory),
  );
  return new RegExp(`(?:${directories.join("|")})/[0-9a-z]{32}-[0-9a-zA-Z+\\-._?=]+`, "g");
}

function list(folder: string): string[] {
  return read(() => readdirSync(folder))[0] ?? [];
}

/** One result, or none where the process is gone or another user's. */
function read<T>(attempt: () => T): [] | [T] {
  try {
    return [attempt()];
  } catch {
    return [];
  }
}

/** Programs that the kernel may start. */
const KERNEL_FILES = [
  "/proc/sys/kernel/modprobe",
  "/proc/sys/kernel/fbsplash",
  "/proc/sys/kernel/poweroff_cmd",
];

import type { Ledger } from "#ledger/ledger.ts";
import type { CopyRecord, PathRecord } from "#ledger/record.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { type PastBuild, pastBuilds } from "./past-build.ts";

/** Something that happened to a path. */
export type ProvenanceStep =
  | { readonly kind: "made"; readonly atMs: number; readonly past: PastBuild }
  | { readonly kind: "copied"; readonly atMs: number; readonly copy: CopyRecord }
  /** It was there for who had asked for it. */
  | { readonly kind: "arrived"; readonly atMs: number; readonly record: PathRecord };

/** How a path came to be. */
export interface Provenance {
  readonly path: StorePath;
  /** What the store knows of it; undefined where it does not have it. */
  readonly info: PathInfo | undefined;
  /** As recorded, the first first. */
  readonly steps: readonly ProvenanceStep[];
}

/** What the record and the store know of a path. */
export async function provenanceOf(
  path: StorePath,
  { store, ledger }: { store: Store; ledger: Ledger },
): Promise<Provenance> {
  const info = (await store.queryPathInfos([path])).get(path);
  const made = await pastBuilds(ledger, { output: path, limit: STEPS_MAX });
  const copies = await ledger.copiesOf(path);
  const records = await ledger.provenance(path);
  const steps: ProvenanceStep[] = [
    ...made.map((past) => ({
      kind: "made" as const,
      atMs: past.build.endedMs ?? past.build.plannedMs,
      past,
    })),
    ...copies.map((copy) => ({ kind: "copied" as const, atMs: copy.endedMs, copy })),
    ...records.map((record) => ({ kind: "arrived" as const, atMs: record.atMs, record })),
  ];
  return { path, info, steps: steps.toSorted((a, b) => a.atMs - b.atMs) };
}

const STEPS_MAX = 100;

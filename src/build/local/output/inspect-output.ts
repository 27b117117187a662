import { createHash } from "node:crypto";
import { lstatSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import type { Hash } from "#nix/hash.ts";
import { ReferenceScanner } from "#nix/reference-scan.ts";
import type { StorePath } from "#nix/store-path.ts";
import { canonicalise } from "#store/local/canonicalise.ts";
import { dumpChunks } from "#store/nar/dump-path.ts";
import { BuildFailure } from "../build-failure.ts";
import type { PlannedOutput } from "./planned-output.ts";

/** An output as the builder left it, made canonical. */
export interface BuiltOutput extends PlannedOutput {
  /** Where it lies. */
  readonly place: string;
  /** Scratch paths and inputs that occur in it, sorted. */
  readonly references: readonly StorePath[];
  readonly narHash: Hash;
  readonly narSize: number;
}

export interface InspectOptions {
  /** Printed derivation path, for errors. */
  readonly drv: string;
  readonly placeOf: (scratchPath: StorePath) => string;
  /** What may be referred to. */
  readonly candidates: ReadonlySet<StorePath>;
  readonly discardsReferences: (outputName: string) => boolean;
}

/** Looks at all outputs: they must be there, and become canonical; their references and NAR hash are found in one pass. */
export async function inspectOutputs(
  planned: readonly PlannedOutput[],
  options: InspectOptions,
): Promise<BuiltOutput[]> {
  for (const { name, scratchPath } of planned) checkThere(name, options.placeOf(scratchPath), options.drv);
  const built: BuiltOutput[] = [];
  for (const output of planned) {
    const place = options.placeOf(output.scratchPath);
    canonicalise(place);
    const { references, ...nar } = await scanPath(place, options.candidates);
    const kept = options.discardsReferences(output.name) ? [] : references;
    built.push({ ...output, place, references: kept, ...nar });
  }
  return built;
}

/** NAR hash, NAR size in bytes and references of what lies at `place`. */
export async function scanPath(place: string, candidates: Iterable<StorePath>) {
  const scanner = new ReferenceScanner(candidates);
  const hasher = createHash("sha256");
  let narSize = 0;
  let turn = BYTES_PER_TURN;
  for (const chunk of dumpChunks(place, { reuseChunks: true })) {
    hasher.update(chunk);
    scanner.update(chunk);
    narSize += chunk.length;
    if (narSize < turn) continue;
    turn = narSize + BYTES_PER_TURN;
    await setImmediate();
  }
  const narHash: Hash = { algorithm: "sha256", digest: hasher.digest() };
  return { narHash, narSize, references: scanner.references };
}

function checkThere(name: string, place: string, drv: string): void {
  if (lstatSync(place, { throwIfNoEntry: false })) return;
  throw new BuildFailure(
    "OutputRejected",
    `builder for '${drv}' failed to produce output path for output '${name}' at "${place}"`,
  );
}

/** After this many bytes the event loop gets a turn. */
const BYTES_PER_TURN = 8 * 1024 * 1024;

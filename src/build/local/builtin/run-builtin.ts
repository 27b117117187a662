import { mkdirSync } from "node:fs";
import { messageOf } from "#base/errors.ts";
import { derivationType } from "#nix/derivation-type.ts";
import { BuildFailure } from "../build-failure.ts";
import type { PlannedOutput } from "../output/planned-output.ts";
import { BuildWatch } from "../process/build-watch.ts";
import { buildEnvironment } from "./build-env.ts";
import { type BuiltinContext, type BuiltinParts, builtinContext } from "./builtin-context.ts";
import { fetchUrl } from "./fetch-url.ts";
import { unpackChannel } from "./unpack-channel.ts";

/** Runs a builder that is part of ours: `builtin:fetchurl` and its kin. */
export async function runBuiltin(parts: BuiltinParts, outputs: readonly PlannedOutput[]): Promise<void> {
  const { site, job, drv } = parts;
  const builtin = BUILTINS[job.derivation.builder];
  if (!builtin)
    throw new BuildFailure(
      "PermanentFailure",
      `unsupported builtin builder '${job.derivation.builder.slice("builtin:".length)}'`,
    );
  using watch = new BuildWatch(site, job);
  mkdirSync(parts.workspace.root + site.store.storeDir, { recursive: true });
  try {
    await builtin(builtinContext(parts, outputs, watch.signal));
  } catch (error) {
    watch.throwIfEnded();
    if (error instanceof BuildFailure) throw error;
    const status = derivationType(job.derivation) === "fixed" ? "TransientFailure" : "PermanentFailure";
    throw new BuildFailure(status, `Cannot build '${drv}'.\nReason: ${messageOf(error)}`, { cause: error });
  }
}

const BUILTINS: Readonly<Record<string, (context: BuiltinContext) => Promise<void>>> = {
  "builtin:fetchurl": fetchUrl,
  "builtin:buildenv": buildEnvironment,
  "builtin:unpack-channel": unpackChannel,
};

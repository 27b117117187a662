import { ElsewhereError } from "#base/errors.ts";
import { formatBytes } from "#base/format-bytes.ts";
import { type Explanation, explainBuild } from "#build/engine/explain-build.ts";
import { describeRequirement } from "#build/engine/reason/give-up.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { isDerivationPath, printStorePath, type StorePath } from "#nix/store-path.ts";
import type { BuilderVerdict } from "#schedule/reason.ts";
import type { BuildFlags } from "../build/build-flags.ts";
import { prepareRequest } from "../build/request.ts";
import { findBuilds, parseBuildReference } from "../build-reference.ts";
import type { CommandContext } from "../command-context.ts";
import { formatDuration, shortName } from "../progress/words.ts";
import { settingsFor } from "../setting-flags.ts";
import { storeUri } from "../store-uri.ts";
import { verdictTable } from "./verdict-table.ts";

/** Asks every builder now about each derivation that a person names. */
export async function explainLive(
  context: CommandContext,
  { words, flags, ledger }: { words: readonly string[]; flags: BuildFlags; ledger: Ledger },
): Promise<void> {
  const { terminal } = context;
  const settings = await settingsFor(context, flags);
  const installables = await Promise.all(
    words.map((word) => derivationFor(context, word, { flags, ledger })),
  );
  await using prepared = await prepareRequest(context, { installables, flags, settings });
  const request = { ...prepared.request, events: () => undefined };
  const { storeDir } = request.destination.store;
  const all: object[] = [];
  let isPossible = true;
  for (const { drvPath } of request.wishes) {
    const found = await explainBuild(request, drvPath);
    const chosen = bestOf(found.verdicts);
    isPossible &&= chosen !== undefined;
    if (flags.json) all.push(asJson(printStorePath(storeDir, drvPath), found, chosen));
    else {
      const columns = terminal.outputColumns();
      const table = verdictTable({ ...found, chosen }, columns);
      await terminal.print(`${headline(drvPath, found)}\n\n${table}`);
    }
  }
  if (flags.json) await terminal.print(`${JSON.stringify(all)}\n`);
  if (!isPossible) context.exitWith(1);
}

/** The derivation of an output that is named; anything else as it is. */
async function derivationFor(
  context: CommandContext,
  word: string,
  { flags, ledger }: { flags: BuildFlags; ledger: Ledger },
): Promise<string> {
  const settings = await settingsFor(context, flags);
  await using store = await context.services.openStore(storeUri(flags.store), settings);
  if (!isOutputPath(word, store.storeDir)) return word;
  const reference = parseBuildReference(word, store);
  if (reference.kind !== "path" || isDerivationPath(reference.path)) return word;
  const info = (await store.queryPathInfos([reference.path])).get(reference.path);
  const drvPath = info?.deriver ?? (await findBuilds(ledger, reference))[0]?.drvPath;
  if (drvPath !== undefined) return printStorePath(store.storeDir, drvPath);
  throw new ElsewhereError("DERIVER_UNKNOWN", `Cannot tell which derivation makes '${word}'`, {
    hint: "name the derivation, or the installable that it comes from",
  });
}

/** A path in the store, or a link that leads to one; not a flake, an attribute, or a file outside. */
function isOutputPath(word: string, storeDir: string): boolean {
  return !word.endsWith(".drv") && (word.startsWith(`${storeDir}/`) || /^(\.\/)?result(-\S*)?$/.test(word));
}

/** The one that gets it now: of those that can, the smallest score; the first of equals. */
function bestOf(verdicts: readonly BuilderVerdict[]): string | undefined {
  const able = verdicts.filter(({ obstacle, score }) => !obstacle && score !== undefined);
  return able.toSorted((a, b) => a.score!.totalMs - b.score!.totalMs)[0]?.builder;
}

function headline(drvPath: StorePath, { requirement, estimate }: Explanation): string {
  const { durationMs, memoryBytes, outputBytes, basis } = estimate;
  const memory = memoryBytes > 0 ? `, ${formatBytes(memoryBytes)} of memory` : "";
  const expected =
    basis === "history"
      ? `as before it will take about ${formatDuration(durationMs)} at speed 1${memory}, and make ${formatBytes(outputBytes)}`
      : `nothing like it was built before: ${formatDuration(durationMs)} at speed 1 are assumed`;
  const local = requirement.preferLocal ? "; it prefers to be built where it is asked for" : "";
  return `${shortName(drvPath)} needs ${describeRequirement(requirement)}${local}; ${expected}`;
}

function asJson(drvPath: string, explanation: Explanation, chosen: string | undefined): object {
  const { requirement, estimate, verdicts, faults } = explanation;
  return {
    drvPath,
    requirement,
    estimate,
    chosen: chosen ?? null,
    verdicts,
    faults: Object.fromEntries(faults),
  };
}

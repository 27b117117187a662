import { ElsewhereError } from "#base/errors.ts";
import type { Installable } from "#build/input/installable.ts";
import type { OutputsSpec } from "#nix/derived-path.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { CommandContext } from "../command-context.ts";
import { evaluateWords } from "./evaluate-words.ts";
import type { InputOptions } from "./input-options.ts";

/** What installables that lie in a store, or are evaluated into one, stand for. */
export interface FoundDerivations {
  readonly asked: readonly { readonly drvPath: StorePath; readonly outputs: OutputsSpec | undefined }[];
  /** Store paths that nobody says how to build. */
  readonly paths: readonly StorePath[];
  /** Holds the derivations. */
  readonly drvStore: Store;
}

/** Evaluates what must be, and finds the store that holds the derivations. Throws when there is nothing. */
export async function findDerivations(
  context: CommandContext,
  installables: readonly Installable[],
  options: InputOptions,
): Promise<FoundDerivations> {
  const expressions = installables.filter((one) => one.kind === "expression");
  const evaluated = await evaluateWords(context, expressions, options);
  const asked: { readonly drvPath: StorePath; readonly outputs: OutputsSpec | undefined }[] = [...evaluated];
  for (const one of installables)
    if (one.kind === "derivation") asked.push({ drvPath: one.path, outputs: one.outputs });
  const paths = [...new Set(installables.flatMap((one) => (one.kind === "path" ? one.path : [])))];
  if (asked.length === 0 && paths.length > 0) return { asked, paths, drvStore: options.destination };
  if (asked.length === 0)
    throw new ElsewhereError("NOTHING", "Cannot build: the expression holds no derivation");
  const drvStore = options.evalStore ?? (await holderOfDrvs(context, asked[0]!.drvPath, options));
  return { asked, paths, drvStore };
}

/** Derivations are evaluated into the destination where it can hold them, else into this machine's own store. */
async function holderOfDrvs(
  { services }: CommandContext,
  drvPath: StorePath,
  { destination, settings }: InputOptions,
): Promise<Store> {
  if ((await destination.queryValidPaths([drvPath])).has(drvPath)) return destination;
  const usual = await services.openStore("auto", settings);
  if ((await usual.queryValidPaths([drvPath])).has(drvPath)) return usual;
  await usual[Symbol.asyncDispose]();
  throw new ElsewhereError(
    "DERIVATION_MISSING",
    `Cannot find derivation '${drvPath}' in ${destination.uri}`,
    {
      hint: "name the store that it is in with --eval-store, or give the .drv file itself",
    },
  );
}

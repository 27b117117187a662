import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Evaluated, type EvaluateOptions, evaluateFile, evaluateFlakes } from "#build/input/evaluate.ts";
import type { Installable } from "#build/input/installable.ts";
import type { CommandContext } from "../command-context.ts";
import { UsageError } from "../error-report.ts";
import type { InputOptions } from "./input-options.ts";

/** Evaluates what installables or flags say in the Nix language, by the installed Nix. */
export async function evaluateWords(
  context: CommandContext,
  expressions: readonly Extract<Installable, { kind: "expression" }>[],
  { flags, settings, destination, evalStore }: InputOptions,
): Promise<Evaluated[]> {
  const { terminal, env, signal } = context;
  const { file, expr } = flags;
  if (file === undefined && expr === undefined && expressions.length === 0) return [];
  const store = evalStore?.uri ?? (isLocalFolder(destination.uri) ? destination.uri : undefined);
  const shared: EvaluateOptions = {
    file: file === undefined || !existsSync(file) ? file : resolve(file),
    expression: expr,
    arguments: [
      ...(flags.system === undefined ? [] : ["--option", "system", flags.system]),
      ...(settings.set.has("system") && flags.system === undefined
        ? ["--option", "system", settings.settings.system]
        : []),
      ...pairs("--arg", flags.arg),
      ...pairs("--argstr", flags.argstr),
      ...(flags.impure ? ["--impure"] : []),
    ],
    store,
    storeDir: destination.storeDir,
    env,
    signal,
    say: (text) => {
      if ((flags.verbose ?? 0) > 0) terminal.error(text);
    },
  };
  const evaluateTexts = (texts: readonly string[]) =>
    file === undefined && expr === undefined ? evaluateFlakes(texts, shared) : evaluateFile(texts, shared);
  const usual = expressions.filter(({ outputs }) => outputs === undefined).map(({ text }) => text);
  const evaluated = usual.length > 0 || expressions.length === 0 ? await evaluateTexts(usual) : [];
  for (const { text, outputs } of expressions)
    if (outputs !== undefined)
      for (const one of await evaluateTexts([text])) evaluated.push({ ...one, outputs });
  return evaluated;
}

function pairs(flag: string, values: readonly string[] = []): string[] {
  return values.flatMap((value) => {
    const cut = value.indexOf("=");
    if (cut <= 0)
      throw new UsageError(`Cannot use ${flag} '${value}'`, `want ${flag} NAME VALUE or ${flag} NAME=VALUE`);
    return [flag, value.slice(0, cut), value.slice(cut + 1)];
  });
}

function isLocalFolder(uri: string): boolean {
  return uri.startsWith("local?");
}

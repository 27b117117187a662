import { MalformedError } from "#base/errors.ts";
import { compareText } from "#base/text.ts";
import type { DerivationOptions } from "./derivation-options.ts";
import type { ReferenceReader, ReferenceTarget } from "./derivation-reference.ts";

/** Options as environment variables: booleans are `1`, lists are words. */
export function readPlainOptions(
  env: ReadonlyMap<string, string>,
  references: ReferenceReader,
): DerivationOptions {
  const flag = (name: string, otherwise = false): boolean =>
    env.has(name) ? env.get(name) === "1" : otherwise;
  const list = (name: string): string[] => wordsOf(env.get(name) ?? "");
  const targets = (name: string): ReferenceTarget[] | undefined =>
    env.has(name) ? list(name).map((word) => references.read(word)) : undefined;
  return {
    outputChecks: {
      kind: "all",
      checks: {
        ignoreSelfReferences: true,
        allowedReferences: targets("allowedReferences"),
        allowedRequisites: targets("allowedRequisites"),
        disallowedReferences: targets("disallowedReferences") ?? [],
        disallowedRequisites: targets("disallowedRequisites") ?? [],
      },
    },
    unsafeDiscardReferences: new Map(),
    passAsFile: new Set(list("passAsFile")),
    exportReferencesGraph: readGraphs(list("exportReferencesGraph"), references),
    additionalSandboxProfile: env.get("__sandboxProfile") ?? "",
    noChroot: flag("__noChroot"),
    impureHostDeps: list("__impureHostDeps"),
    impureEnvVars: list("impureEnvVars"),
    allowLocalNetworking: flag("__darwinAllowLocalNetworking"),
    requiredSystemFeatures: [...new Set(list("requiredSystemFeatures"))].sort(compareText),
    preferLocalBuild: flag("preferLocalBuild"),
    allowSubstitutes: flag("allowSubstitutes", true),
  };
}

function readGraphs(words: readonly string[], references: ReferenceReader): Map<string, ReferenceTarget[]> {
  const graphs = new Map<string, ReferenceTarget[]>();
  for (let i = 0; i < words.length; i += 2) {
    const path = words[i + 1];
    if (path === undefined)
      throw new MalformedError(
        "exportReferencesGraph",
        words.join(" "),
        "want pairs of a file name and a path",
      );
    const fileName = words[i]!;
    if (!FILE_NAME.test(fileName)) throw new MalformedError("file name in exportReferencesGraph", fileName);
    graphs.set(fileName, [references.read(path)]);
  }
  return graphs;
}

function wordsOf(text: string): string[] {
  return text.split(/[ \t\n\r]+/).filter((word) => word !== "");
}

/** Source: Nix, `checkRefs` of `exportReferencesGraph`. */
const FILE_NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

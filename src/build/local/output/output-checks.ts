import type { DerivationOptions, OutputChecks } from "#nix/derivation-options.ts";
import type { ReferenceTarget } from "#nix/derivation-reference.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { printStorePath, type StoreDir, type StorePath } from "#nix/store-path.ts";
import { BuildFailure } from "../build-failure.ts";
import { closureSize } from "./exported-graph.ts";
import type { SettledOutput } from "./settle-output.ts";

export interface CheckContext {
  readonly storeDir: StoreDir;
  /** Printed derivation path, for errors. */
  readonly drv: string;
  readonly outputs: readonly SettledOutput[];
  /** The closure of the inputs. */
  readonly inputs: ReadonlyMap<StorePath, PathInfo>;
}

/** Throws unless every output keeps to what its derivation says of references and sizes. */
export function checkOutputs(options: DerivationOptions, context: CheckContext): void {
  const infos = new Map([
    ...context.inputs,
    ...context.outputs.map(({ info }) => [info.path, info] as const),
  ]);
  for (const output of context.outputs) {
    const { outputChecks } = options;
    const checks = outputChecks.kind === "all" ? outputChecks.checks : outputChecks.checks.get(output.name);
    if (checks) checkOutput(output, { checks, infos, context });
  }
}

interface Check {
  readonly checks: OutputChecks;
  readonly infos: ReadonlyMap<StorePath, PathInfo>;
  readonly context: CheckContext;
}

function checkOutput({ info, name }: SettledOutput, { checks, infos, context }: Check): void {
  const printed = printStorePath(context.storeDir, info.path);
  const { sizeMax, closureSizeMax } = checks;
  if (sizeMax !== undefined && info.narSize > sizeMax)
    throw rejected(`path '${printed}' is too large at ${info.narSize} bytes; limit is ${sizeMax} bytes`);
  const closure = closureSize(info.path, infos);
  if (closureSizeMax !== undefined && closure > closureSizeMax)
    throw rejected(
      `closure of path '${printed}' is too large at ${closure} bytes; limit is ${closureSizeMax} bytes`,
    );
  const rule = (targets: readonly ReferenceTarget[] | undefined, kind: RuleKind) => {
    if (targets) checkRule(targets, kind, { info, name, checks, infos, context });
  };
  rule(checks.allowedReferences, { allowed: true, deep: false });
  rule(checks.allowedRequisites, { allowed: true, deep: true });
  rule(checks.disallowedReferences, { allowed: false, deep: false });
  rule(checks.disallowedRequisites, { allowed: false, deep: true });
}

interface RuleKind {
  readonly allowed: boolean;
  readonly deep: boolean;
}

function checkRule(
  targets: readonly ReferenceTarget[],
  { allowed, deep }: RuleKind,
  { info, name, checks, infos, context }: Check & { info: PathInfo; name: string },
): void {
  const named = new Set(targets.map((target) => pathOf(target, name, context)));
  const used = deep ? requisitesOf(info, infos) : new Set(info.references);
  // A self-reference must be allowed like any other, where only references are looked at. Source: Nix, `checkOutputs`.
  if (deep && checks.ignoreSelfReferences) used.delete(info.path);
  const bad = [...used].filter((path) => named.has(path) !== allowed).sort();
  if (bad.length === 0) return;
  const list = bad.map((path) => `\n  ${printStorePath(context.storeDir, path)}`).join("");
  throw rejected(
    `output '${printStorePath(context.storeDir, info.path)}' is not allowed to refer to the following paths:${list}`,
  );
}

function pathOf(target: ReferenceTarget, name: string, { outputs, drv }: CheckContext): StorePath {
  if (target.kind === "path") return target.path;
  const wanted = target.kind === "own-output" ? target.outputName : target.outputNames.join("^");
  const found = outputs.find((output) => target.kind === "own-output" && output.name === wanted);
  if (found) return found.info.path;
  throw rejected(
    `derivation '${drv}' output check for '${name}' contains an illegal reference specifier '${wanted}', expected store path or output name (one of [${outputs.map((output) => output.name).join(", ")}])`,
  );
}

function requisitesOf(root: PathInfo, infos: ReadonlyMap<StorePath, PathInfo>): Set<StorePath> {
  const seen = new Set<StorePath>(root.references);
  for (const path of seen) for (const reference of infos.get(path)?.references ?? []) seen.add(reference);
  return seen;
}

function rejected(message: string): BuildFailure {
  return new BuildFailure("OutputRejected", message);
}

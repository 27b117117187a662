import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { encodeText } from "#base/text.ts";
import { derivationType } from "#nix/derivation-type.ts";
import { sha256 } from "#nix/hash.ts";
import { asJsonObject, parseJson } from "#nix/json-text.ts";
import type { JsonValue } from "#nix/json-value.ts";
import { encodeNix32 } from "#nix/nix32.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { hashPlaceholder } from "#nix/placeholder.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { BuildFailure } from "../build-failure.ts";
import type { BuildJob, BuildSite } from "../build-site.ts";
import { graphAsJson, graphAsText } from "../output/exported-graph.ts";
import type { PlannedOutput } from "../output/planned-output.ts";
import { rewriteText } from "../output/rewriting.ts";
import { buildEnvironment } from "./build-environment.ts";
import { exportedClosure } from "./closure-of.ts";
import { attributesAsJson, attributesAsShell } from "./structured-attributes.ts";

/** What the builder is started with. */
export interface PreparedBuild {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: ReadonlyMap<string, string>;
}

export interface PrepareParts {
  readonly site: BuildSite;
  readonly job: BuildJob;
  readonly outputs: readonly PlannedOutput[];
  /** The closure of the inputs. */
  readonly inputs: ReadonlyMap<StorePath, PathInfo>;
  /** On disk. */
  readonly buildDir: string;
  /** As the builder sees it. */
  readonly innerBuildDir: string;
}

/** Writes the files that the derivation asks for into the build folder, and makes the environment. */
export async function prepareBuild(parts: PrepareParts): Promise<PreparedBuild> {
  const { job, outputs, site } = parts;
  const { storeDir } = site.store;
  const { derivation } = job;
  const rewrites = new Map(
    outputs.map(({ name, scratchPath }) => [hashPlaceholder(name), printStorePath(storeDir, scratchPath)]),
  );
  const rewrite = (text: string) => rewriteText(text, rewrites);
  const json = derivation.env.get("__json");
  const files =
    json === undefined
      ? await writePlainFiles(parts, rewrite)
      : await writeStructuredFiles(parts, asJsonObject(parseJson(rewrite(json), "__json"), "__json"));
  return {
    program: rewrite(derivation.builder),
    args: derivation.args.map(rewrite),
    env: buildEnvironment({
      ...files,
      buildDir: parts.innerBuildDir,
      storeDir,
      cores: coresOf(parts),
      isFixedOutput: derivationType(derivation) === "fixed",
      impure: impureVariables(parts),
    }),
  };
}

interface Files {
  readonly variables: ReadonlyMap<string, string>;
  readonly attributeFiles: { readonly json: string; readonly sh: string } | undefined;
}

async function writePlainFiles(parts: PrepareParts, rewrite: (text: string) => string): Promise<Files> {
  const { job, buildDir, innerBuildDir, outputs, site } = parts;
  const variables = new Map<string, string>();
  for (const [name, value] of job.derivation.env) {
    if (!job.options.passAsFile.has(name)) {
      variables.set(name, rewrite(value));
      continue;
    }
    const file = `.attr-${encodeNix32(sha256(name).digest)}`;
    writeBuildFile(`${buildDir}/${file}`, rewrite(value));
    variables.set(`${name}Path`, `${innerBuildDir}/${file}`);
  }
  for (const { name, scratchPath } of outputs)
    variables.set(name, printStorePath(site.store.storeDir, scratchPath));
  for (const [file, roots] of exportedRoots(job)) {
    if (!FILE_NAME.test(file))
      throw new BuildFailure("InputRejected", `invalid file name '${file}' in 'exportReferencesGraph'`);
    const closure = await exportedClosure(site.store, checkedInputs(parts, roots));
    writeBuildFile(`${buildDir}/${file}`, graphAsText(site.store.storeDir, closure));
  }
  return { variables, attributeFiles: undefined };
}

async function writeStructuredFiles(
  parts: PrepareParts,
  given: ReadonlyMap<string, JsonValue>,
): Promise<Files> {
  const { job, buildDir, innerBuildDir, outputs, site } = parts;
  const { storeDir } = site.store;
  const attributes = new Map(given);
  attributes.set(
    "outputs",
    new Map(outputs.map(({ name, scratchPath }) => [name, printStorePath(storeDir, scratchPath)])),
  );
  for (const [key, roots] of exportedRoots(job))
    attributes.set(
      key,
      graphAsJson(storeDir, await exportedClosure(site.store, checkedInputs(parts, roots))),
    );
  writeBuildFile(`${buildDir}/.attrs.sh`, attributesAsShell(attributes));
  writeBuildFile(`${buildDir}/.attrs.json`, attributesAsJson(attributes));
  const attributeFiles = { json: `${innerBuildDir}/.attrs.json`, sh: `${innerBuildDir}/.attrs.sh` };
  return { variables: new Map(), attributeFiles };
}

function exportedRoots({ options }: BuildJob): [string, StorePath[]][] {
  return Array.from(options.exportReferencesGraph, ([key, targets]) => [
    key,
    targets.flatMap((target) => (target.kind === "path" ? [target.path] : [])),
  ]);
}

/** Only what is an input may be looked at. */
function checkedInputs({ inputs }: PrepareParts, roots: StorePath[]): StorePath[] {
  for (const root of roots)
    if (!inputs.has(root))
      throw new BuildFailure(
        "InputRejected",
        `cannot export references of path '${root}' because it is not in the input closure of the derivation`,
      );
  return roots;
}

function impureVariables({ job, site }: PrepareParts): Map<string, string> {
  if (derivationType(job.derivation) !== "fixed" && derivationType(job.derivation) !== "impure")
    return new Map();
  const { impureEnvironment, environment } = site.settings;
  const variable = (name: string) => impureEnvironment.get(name) ?? environment[name] ?? "";
  return new Map(job.options.impureEnvVars.map((name) => [name, variable(name)]));
}

function coresOf({ job, site }: PrepareParts): number {
  const cores = job.request.settings.cores ?? site.settings.cores;
  return cores > 0 ? cores : availableParallelism();
}

function writeBuildFile(path: string, text: string): void {
  writeFileSync(path, encodeText(text), { mode: 0o644, flag: "wx" });
}

const FILE_NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

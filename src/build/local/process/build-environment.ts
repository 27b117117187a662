export interface EnvironmentParts {
  /** The build folder as the builder sees it. */
  readonly buildDir: string;
  readonly storeDir: string;
  readonly cores: number;
  readonly isFixedOutput: boolean;
  /** The derivation's own variables, rewritten; none with structured attributes. */
  readonly variables: ReadonlyMap<string, string>;
  /** Those taken from outside, with their values. */
  readonly impure: ReadonlyMap<string, string>;
  /** Files of structured attributes, where there are. */
  readonly attributeFiles: { readonly json: string; readonly sh: string } | undefined;
}

/** What a builder finds in its environment, in byte order of the names. Source: compared with Nix 2.8, 2.26 and 2.34. */
export function buildEnvironment(parts: EnvironmentParts): Map<string, string> {
  const { buildDir, attributeFiles } = parts;
  const env = new Map<string, string>([
    ["PATH", "/path-not-set"],
    ["HOME", "/homeless-shelter"],
    ["NIX_STORE", parts.storeDir],
    ["NIX_BUILD_CORES", String(parts.cores)],
    ...parts.variables,
    ["NIX_BUILD_TOP", buildDir],
    ["TMPDIR", buildDir],
    ["TEMPDIR", buildDir],
    ["TMP", buildDir],
    ["TEMP", buildDir],
    ["PWD", buildDir],
  ]);
  if (attributeFiles) {
    env.set("NIX_ATTRS_JSON_FILE", attributeFiles.json);
    env.set("NIX_ATTRS_SH_FILE", attributeFiles.sh);
  }
  // fetchurl's builder looks for it to know that its result is checked.
  if (parts.isFixedOutput) env.set("NIX_OUTPUT_CHECKED", "1");
  for (const [name, value] of parts.impure) env.set(name, value);
  env.set("NIX_LOG_FD", "2");
  env.set("TERM", "xterm-256color");
  return new Map([...env].sort(([a], [b]) => (a < b ? -1 : 1)));
}

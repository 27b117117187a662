import type { BuiltOutputs, OutputGate } from "#build/engine/output-gate.ts";
import type { Derivation } from "#nix/derivation.ts";
import { staticOutputPaths } from "#nix/derivation-output.ts";
import { sha256 } from "#nix/hash.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { StoreDir, StorePath } from "#nix/store-path.ts";
import { LocalStore } from "#store/local/local-store.ts";
import type { Store } from "#store/store.ts";
import type { ClosurePath } from "../content/closure.ts";
import { auditClosure } from "../content/closure-report.ts";
import { Contents } from "../content/contents.ts";
import { scanAll } from "../content/look.ts";
import { scanFiles } from "../content/scan-files.ts";
import { applyWaivers } from "../waiver/apply-waivers.ts";
import type { Waiver } from "../waiver/parse-waivers.ts";
import { wayTo } from "./way-to.ts";

export interface ContentGateOptions {
  readonly storeDir: StoreDir;
  /** Everything that may be built, by its path. */
  readonly graph: ReadonlyMap<StorePath, Derivation>;
  /** Those that were asked for. */
  readonly roots: readonly StorePath[];
  readonly refuses: boolean;
  readonly waivers: readonly Waiver[];
}

/** Looks into the outputs of builds for what is for another platform than the build. */
export class ContentGate implements OutputGate {
  readonly refuses: boolean;
  readonly #options: ContentGateOptions;
  #makers: Map<StorePath, Derivation> | undefined;

  constructor(options: ContentGateOptions) {
    this.refuses = options.refuses;
    this.#options = options;
  }

  async check({ drvPath, derivation, outputs, store }: BuiltOutputs): Promise<string | undefined> {
    const { storeDir, waivers, graph, roots } = this.#options;
    // What is known by its hash was looked at by whoever wrote the hash down.
    if (derivation.outputs.get("out")?.kind === "fixed" || derivation.system === "builtin") return undefined;
    const infos = [...(await store.queryPathInfos(outputs.values())).values()];
    const made = new Set(outputs.values());
    const paths: ClosurePath[] = [];
    for await (const [info, contents] of scanAll(store, infos))
      paths.push({ info, contents, deriver: derivation });
    for (const path of infos.flatMap(({ references }) => references))
      if (!made.has(path)) {
        made.add(path);
        const deriver = this.#makerOf(path);
        if (deriver) paths.push(await referenced(path, deriver, { store, referrers: paths }));
      }
    for (const path of outputs.values()) this.#makers?.set(path, derivation);
    const { report } = applyWaivers(await auditClosure(storeDir, [...outputs.values()], paths), waivers);
    const faults = report.findings.filter(({ severity, waived }) => severity === "error" && !waived);
    if (faults.length === 0) return undefined;
    const others = faults.length > 1 ? `, and ${faults.length - 1} more like it` : "";
    return `${faults[0]!.message}${others}; it came by ${wayTo(drvPath, { graph, roots })}`;
  }

  #makerOf(path: StorePath): Derivation | undefined {
    this.#makers ??= makersOf(this.#options);
    return this.#makers.get(path);
  }
}

/** A path that an output refers to: what made it is known, and what it holds matters where programs are linked from it. */
async function referenced(
  path: StorePath,
  deriver: Derivation,
  { store, referrers }: { store: Store; referrers: readonly ClosurePath[] },
): Promise<ClosurePath> {
  const isLinked = referrers.some(({ contents }) =>
    [...contents.links].some(({ target }) => target === path),
  );
  const contents =
    isLinked && store instanceof LocalStore
      ? await scanFiles(store.realPathOf(path), store.storeDir)
      : new Contents();
  return { info: { ...UNKNOWN, path }, contents, deriver };
}

function makersOf({ graph, storeDir }: ContentGateOptions): Map<StorePath, Derivation> {
  const makers = new Map<StorePath, Derivation>();
  for (const derivation of graph.values())
    for (const path of staticOutputPaths(storeDir, derivation).values())
      if (path) makers.set(path, derivation);
  return makers;
}

/** Of what is only referred to, nothing but its maker is asked. */
const UNKNOWN: Omit<PathInfo, "path"> = {
  narHash: sha256(""),
  narSize: 0,
  references: [],
  registrationTime: 0,
  ultimate: false,
  signatures: [],
};

import { ElsewhereError } from "#base/errors.ts";
import { BuildNarrator } from "#build/build-narrator.ts";
import type { Wish } from "#build/engine/plan/plan.ts";
import type { RealiseReport, RealiseRequest } from "#build/engine/realise-request.ts";
import type { BuildSite, Holder } from "#build/engine/site/site.ts";
import type { BuildEvent } from "#build/events.ts";
import { drvReader } from "#build/input/drv-reader.ts";
import { loadGraph } from "#build/input/load-graph.ts";
import type { BuildResult, KeyedBuildResult } from "#nix/build-result.ts";
import type { BasicDerivation, Derivation } from "#nix/derivation.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { BuildSettings, MissingPaths, RealiseOptions, Realiser } from "#store/realiser.ts";
import type { QueryableStore, Store } from "#store/store.ts";
import { ResultReport } from "./result-report.ts";
import { StoreLogs } from "./store-logs.ts";

/** What every request of one client is driven with. */
export interface Offload
  extends Pick<
    RealiseRequest,
    | "scheduler"
    | "policy"
    | "substitute"
    | "alwaysSubstitutes"
    | "buildersUseSubstitutes"
    | "health"
    | "clock"
  > {
  /** Who could build, given what the client says of its own machine. */
  readonly sites: (settings: BuildSettings) => Promise<readonly BuildSite[]>;
  /** Told everything that happens. */
  readonly observe: (event: BuildEvent) => void;
  readonly nextActivityId: () => number;
  /** Makes a request true, and keeps its record; `say` is told, in sentences, what the one who asks should know. */
  readonly realise: (request: RealiseRequest, say: (text: string) => void) => Promise<RealiseReport>;
}

export interface OffloadingParts {
  /** Where results end. */
  readonly store: Store & Pick<QueryableStore, "addBuildLog">;
  /** What the store would do itself: it is asked to substitute, to check and to repair. */
  readonly own: () => Promise<Realiser>;
  readonly offload: Offload;
}

/** A store whose builds are done by whichever machine can: the whole graph is seen, and results are registered in the store. */
export class OffloadingRealiser implements Realiser {
  readonly #parts: OffloadingParts;

  constructor(parts: OffloadingParts) {
    this.#parts = parts;
  }

  async buildDerivation(
    drvPath: StorePath,
    derivation: BasicDerivation,
    options: RealiseOptions,
  ): Promise<BuildResult> {
    if (options.mode !== "normal")
      return await (await this.#parts.own()).buildDerivation(drvPath, derivation, options);
    const graph = new Map([[drvPath, { ...derivation, inputDerivations: new Map() }]]);
    const report = await this.#realise(graph, [wishOf(graph, drvPath, "*")], options);
    return report.resultOf(drvPath, "*");
  }

  async buildPaths(paths: readonly DerivedPath[], options: RealiseOptions): Promise<KeyedBuildResult[]> {
    const built = paths.filter((path) => path.kind === "built");
    const plain = paths.filter((path) => path.kind === "opaque");
    if (options.mode !== "normal" || built.length === 0)
      return await (await this.#parts.own()).buildPaths(paths, options);
    const [fetched, made] = await Promise.all([
      plain.length > 0 ? (await this.#parts.own()).buildPaths(plain, options) : [],
      this.#buildGraph(built, options),
    ]);
    const answers = new Map([...fetched, ...made].map((result) => [keyOf(result.path), result]));
    return paths.map((path) => answers.get(keyOf(path))!);
  }

  async queryMissing(paths: readonly DerivedPath[]): Promise<MissingPaths> {
    return await (await this.#parts.own()).queryMissing(paths);
  }

  async #buildGraph(
    paths: readonly Extract<DerivedPath, { kind: "built" }>[],
    options: RealiseOptions,
  ): Promise<KeyedBuildResult[]> {
    const { store } = this.#parts;
    const graph = await loadGraph(
      new Set(paths.map(({ drvPath }) => drvPath)),
      store.storeDir,
      drvReader(store),
    );
    const wishes = merged(paths.map(({ drvPath, outputs }) => wishOf(graph, drvPath, outputs)));
    const report = await this.#realise(graph, wishes, options);
    report.tellFailedInputs(options.log);
    return paths.map((path) => ({ ...report.resultOf(path.drvPath, path.outputs), path }));
  }

  async #realise(
    graph: ReadonlyMap<StorePath, Derivation>,
    wishes: readonly Wish[],
    { settings, signal, log }: RealiseOptions,
  ): Promise<ResultReport> {
    const { store, offload } = this.#parts;
    const { sites: sitesFor, observe, nextActivityId, realise, ...driven } = offload;
    const sites = await sitesFor(settings);
    const machines = new Map(sites.map(({ traits, uri }) => [traits.name, uri]));
    const say = (text: string) => log({ kind: "message", text: `warning: ${text}\n` });
    const narrator = new BuildNarrator({
      storeDir: store.storeDir,
      log,
      nextId: nextActivityId,
      machineOf: (builder) => machines.get(builder) ?? "",
    });
    await using logs = new StoreLogs(store, say);
    const holder: Holder = { name: store.uri, store };
    try {
      const request = {
        ...driven,
        graph,
        wishes,
        drvStore: holder,
        destination: holder,
        sites,
        substitute: driven.substitute && (settings.useSubstitutes ?? true),
        settings,
        events: (event: BuildEvent) => {
          narrator.take(event);
          logs.take(event);
          observe(event);
        },
        signal,
      };
      const report = await realise(request, say);
      return new ResultReport({ graph, wishes, report, storeDir: store.storeDir });
    } finally {
      narrator.close();
    }
  }
}

function wishOf(
  graph: ReadonlyMap<StorePath, Derivation>,
  drvPath: StorePath,
  outputs: "*" | readonly string[],
): Wish {
  const all = [...graph.get(drvPath)!.outputs.keys()];
  const unknown = outputs === "*" ? [] : outputs.filter((name) => !all.includes(name));
  if (unknown.length > 0)
    throw new ElsewhereError(
      "NO_SUCH_OUTPUT",
      `derivation '${drvPath}' does not have wanted outputs ${unknown.map((name) => `'${name}'`).join(", ")}`,
    );
  return { drvPath, outputs: (outputs === "*" ? all : [...outputs]).sort() };
}

/** One wish for each derivation. */
function merged(wishes: readonly Wish[]): Wish[] {
  const byDrv = new Map<StorePath, Set<string>>();
  for (const { drvPath, outputs } of wishes)
    byDrv.set(drvPath, (byDrv.get(drvPath) ?? new Set()).union(new Set(outputs)));
  return Array.from(byDrv, ([drvPath, outputs]) => ({ drvPath, outputs: [...outputs].sort() }));
}

function keyOf(path: DerivedPath): string {
  return path.kind === "opaque" ? path.path : `${path.drvPath}!${[...path.outputs].join()}`;
}

import type { Derivation } from "#nix/derivation.ts";
import { staticOutputPaths } from "#nix/derivation-output.ts";
import { DownstreamPlaceholder } from "#nix/placeholder.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import type { RoleTeller } from "./crossing.ts";
import type { PlatformGraph } from "./platform-graph.ts";
import { RoleFinder, type RoleFound } from "./role.ts";

/** Reads a derivation of the graph whole. */
export type DetailReader = (path: StorePath) => Derivation | Promise<Derivation>;

/** Tells roles by what derivations say to their builders, each read once for all of its inputs. */
export function derivationRoles(graph: PlatformGraph, read: DetailReader): RoleTeller {
  const texts = new OutputTexts(graph, read);
  return async (consumer, taken) => {
    const finder = new RoleFinder(await read(graph.pathOf(consumer)));
    const roles: RoleFound[] = [];
    for (const { input, outputs } of taken) roles.push(finder.find(await texts.of(input, outputs)));
    return roles;
  };
}

/** The texts by which an input's outputs stand in whatever takes them. */
class OutputTexts {
  readonly #graph: PlatformGraph;
  readonly #read: DetailReader;
  readonly #known = new Map<number, ReadonlyMap<string, string>>();

  constructor(graph: PlatformGraph, read: DetailReader) {
    this.#graph = graph;
    this.#read = read;
  }

  async of(id: number, outputs: readonly string[]): Promise<string[]> {
    const known = this.#known.get(id) ?? (await this.#learn(id));
    return outputs.flatMap((name) => known.get(name) ?? []);
  }

  async #learn(id: number): Promise<ReadonlyMap<string, string>> {
    const { storeDir } = this.#graph;
    const drvPath = this.#graph.pathOf(id);
    const texts = new Map<string, string>();
    for (const [name, path] of staticOutputPaths(storeDir, await this.#read(drvPath)))
      texts.set(
        name,
        path ? printStorePath(storeDir, path) : DownstreamPlaceholder.ofOutput(drvPath, name).toString(),
      );
    this.#known.set(id, texts);
    return texts;
  }
}

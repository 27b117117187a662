import type { Derivation } from "#nix/derivation.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { printStorePath, type StoreDir, type StorePath } from "#nix/store-path.ts";
import { derivationFactsOf } from "../graph/derivation-facts.ts";
import { PlatformGraph } from "../graph/platform-graph.ts";
import type { RoleFound } from "../graph/role.ts";
import { type Platform, parsePlatform } from "../platform.ts";
import { platformOfContents } from "./content-platform.ts";
import type { ContentLink, Contents } from "./contents.ts";

/** A store path with all that is known of it. */
export interface ClosurePath {
  readonly info: PathInfo;
  readonly contents: Contents;
  /** What made it, where that is known. */
  readonly deriver: Derivation | undefined;
}

/** Store paths as a graph of what refers to what. */
export interface Closure {
  readonly graph: PlatformGraph;
  /** By node. */
  readonly paths: readonly ClosurePath[];
  /** What each path is for: what its deriver makes, else what its contents are. */
  readonly platforms: readonly (Platform | undefined)[];
}

/** Puts a closure together; of what nobody made for a platform and holds no programs, its references decide. */
export function closureOf(storeDir: StoreDir, paths: readonly ClosurePath[]): Closure {
  const graph = new PlatformGraph(storeDir);
  const text = (path: StorePath) => printStorePath(storeDir, path);
  for (const { info } of paths) graph.nodeAt(text(info.path));
  const platforms = paths.map(
    ({ contents, deriver }) => declared(storeDir, deriver) ?? platformOfContents(contents),
  );
  for (const [id, { info, deriver }] of paths.entries()) {
    const others = info.references.filter((path) => path !== info.path);
    graph.add(id, {
      system: platforms[id]?.text ?? "builtin",
      target: undefined,
      builder: "",
      isFixed: isFixed(info, deriver),
      inputs: new Map(others.map((path) => [text(path), NO_OUTPUTS])),
    });
  }
  return { graph, paths, platforms };
}

/** What a path wants of another, as the links in it tell. */
export function roleOfLink(contents: Contents, target: StorePath): RoleFound {
  const link = [...contents.links].find((one) => one.target === target);
  if (!link) return { role: "written", attribute: undefined };
  return { role: roleOf(link), attribute: link.file };
}

function roleOf({ kind, place }: ContentLink): RoleFound["role"] {
  if (kind === "interpreter") return place === "data" ? "written" : "run";
  return place === "data" ? "written" : "member";
}

function declared(storeDir: StoreDir, deriver: Derivation | undefined): Platform | undefined {
  if (!deriver || deriver.system === "builtin") return undefined;
  const { system, target } = derivationFactsOf(storeDir, deriver, { environment: true });
  return target ?? parsePlatform(system);
}

/** Whether it is as it is wherever it was made: a fetch, a source. */
function isFixed({ contentAddress, references }: PathInfo, deriver: Derivation | undefined): boolean {
  if (deriver) return deriver.outputs.get("out")?.kind === "fixed";
  return contentAddress !== undefined && contentAddress.method !== "text" && references.length === 0;
}

const NO_OUTPUTS = { outputs: [], dynamic: new Map() };

import { ElsewhereError } from "#base/errors.ts";
import { DEFAULT_STORE_DIR, parseStoreDir, type StoreDir } from "#nix/store-path.ts";

/** Where a local store keeps its parts. All but `storeDir` are places on this machine's disk. */
export interface StoreLayout {
  /** The logical store directory, as paths in it are printed. */
  readonly storeDir: StoreDir;
  /** Where the store directory physically lies. */
  readonly realStoreDir: string;
  readonly stateDir: string;
  readonly logDir: string;
  /** The folder that stands for `/`, when it is not `/`. */
  readonly root: string | undefined;
}

export interface LayoutOptions {
  /** `local?root=`: the folder under which `/nix/store`, `/nix/var/nix` and `/nix/var/log/nix` lie. */
  readonly root?: string | undefined;
  readonly storeDir?: string | undefined;
  readonly realStoreDir?: string | undefined;
  readonly stateDir?: string | undefined;
  readonly logDir?: string | undefined;
  /** `NIX_STORE_DIR`, `NIX_STATE_DIR` and `NIX_LOG_DIR` are read from it, where they are not empty; the process's own when absent. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Fills in what was not said, as Nix does. Source: Nix manual, "Local Store" settings. */
export function layoutOf(options: LayoutOptions): StoreLayout {
  const environment = options.environment ?? process.env;
  const root = options.root === undefined || options.root === "/" ? undefined : absolute(options.root);
  const under = (place: string) => (root === undefined ? place : root + place);
  const storeDir = parseStoreDir(
    options.storeDir ?? (environment.NIX_STORE_DIR || environment.NIX_STORE || DEFAULT_STORE_DIR),
  );
  const fromEnvironment = (name: string) => (root === undefined ? environment[name] || undefined : undefined);
  return {
    storeDir,
    root,
    realStoreDir: absolute(
      options.realStoreDir ?? (root === undefined ? storeDir : under(DEFAULT_STORE_DIR)),
    ),
    stateDir: absolute(options.stateDir ?? fromEnvironment("NIX_STATE_DIR") ?? under("/nix/var/nix")),
    logDir: absolute(options.logDir ?? fromEnvironment("NIX_LOG_DIR") ?? under("/nix/var/log/nix")),
  };
}

function absolute(place: string): string {
  if (!place.startsWith("/"))
    throw new ElsewhereError("STORE_LAYOUT", `Cannot open a store at '${place}': it is not an absolute path`);
  return place.length > 1 ? place.replace(/\/+$/, "") : place;
}

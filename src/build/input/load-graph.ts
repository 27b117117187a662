import { ElsewhereError } from "#base/errors.ts";
import type { Derivation } from "#nix/derivation.ts";
import { parseDerivation } from "#nix/derivation-aterm.ts";
import { nameOf, type StoreDir, type StorePath } from "#nix/store-path.ts";
import { LeanDerivations } from "./lean-derivation.ts";

/** Reads the text of one `.drv`; undefined where it is not there. */
export type DrvReader = (path: StorePath) => Promise<Uint8Array | undefined> | Uint8Array | undefined;

/** `roots` and every derivation that they need, in no order. */
export async function loadGraph(
  roots: Iterable<StorePath>,
  storeDir: StoreDir,
  read: DrvReader,
): Promise<Map<StorePath, Derivation>> {
  const graph = new Map<StorePath, Derivation>();
  const parse = (path: StorePath, contents: Uint8Array) =>
    parseDerivation(storeDir, contents, nameOf(path).replace(/\.drv$/, ""));
  const lean = new LeanDerivations((path) => {
    const contents = read(path);
    if (!(contents instanceof Uint8Array)) throw missing(path, undefined);
    return parse(path, contents);
  });
  const wantedBy = new Map<StorePath, StorePath | undefined>([...roots].map((root) => [root, undefined]));
  // A Map grows while it is walked: what is added comes later.
  for (const [path, wanted] of wantedBy) {
    const found = read(path);
    const contents = found instanceof Promise ? await found : found;
    if (!contents) throw missing(path, wanted);
    const whole = parse(path, contents);
    // What came over a line is kept; what lies on a disk here can be read again at any time.
    const derivation = found instanceof Promise ? whole : lean.lean(path, whole);
    graph.set(path, derivation);
    for (const input of derivation.inputDerivations.keys())
      if (!wantedBy.has(input)) wantedBy.set(input, path);
  }
  return graph;
}

function missing(path: StorePath, wantedBy: StorePath | undefined): ElsewhereError {
  const why = wantedBy ? `, which '${wantedBy}' needs` : "";
  return new ElsewhereError("DERIVATION_MISSING", `Cannot find derivation '${path}'${why}`, {
    hint: "a derivation comes with all its inputs: copy them with 'nix copy --derivation', or put their .drv files beside it",
  });
}

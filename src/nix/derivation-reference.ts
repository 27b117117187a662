import type { Derivation, InputOutputs } from "./derivation.ts";
import { DownstreamPlaceholder } from "./placeholder.ts";
import { parseInStore, type StoreDir, type StorePath } from "./store-path.ts";

/** What a derivation's options name: a store path, an own output, or an output whose path is not known yet. */
export type ReferenceTarget =
  | { readonly kind: "path"; readonly path: StorePath }
  | { readonly kind: "own-output"; readonly outputName: string }
  | { readonly kind: "output-of"; readonly drvPath: StorePath; readonly outputNames: readonly string[] };

/** Reads what the options of one derivation name. */
export class ReferenceReader {
  readonly #storeDir: StoreDir;
  readonly #inputs: ReadonlyMap<StorePath, InputOutputs>;
  #placeholders: Map<string, ReferenceTarget> | undefined;

  constructor(storeDir: StoreDir, drv: Partial<Pick<Derivation, "inputDerivations">>) {
    this.#storeDir = storeDir;
    this.#inputs = drv.inputDerivations ?? new Map();
  }

  /** A store path (or what lies in it), a placeholder of an input (likewise), or else the name of an own output. */
  read(text: string): ReferenceTarget {
    if (text.startsWith(`${this.#storeDir}/`))
      return { kind: "path", path: parseInStore(this.#storeDir, text).path };
    const found = text.startsWith("/") ? this.#inputOutputs().get(/^\/[^/]*/.exec(text)![0]) : undefined;
    return found ?? { kind: "own-output", outputName: text };
  }

  #inputOutputs(): Map<string, ReferenceTarget> {
    if (this.#placeholders) return this.#placeholders;
    const map = new Map<string, ReferenceTarget>();
    for (const [drvPath, { outputs, dynamic }] of this.#inputs) {
      const note = (outputNames: readonly string[], placeholder: DownstreamPlaceholder): void => {
        map.set(placeholder.toString(), { kind: "output-of", drvPath, outputNames });
      };
      for (const name of outputs) note([name], DownstreamPlaceholder.ofOutput(drvPath, name));
      for (const [name, inner] of dynamic)
        noteNested(inner, {
          names: [name],
          placeholder: DownstreamPlaceholder.ofOutput(drvPath, name),
          note,
        });
    }
    this.#placeholders = map;
    return map;
  }
}

interface Nesting {
  readonly names: readonly string[];
  readonly placeholder: DownstreamPlaceholder;
  readonly note: (outputNames: readonly string[], placeholder: DownstreamPlaceholder) => void;
}

/** Recurses as deep as the parser lets outputs of outputs nest. */
function noteNested({ outputs, dynamic }: InputOutputs, { names, placeholder, note }: Nesting): void {
  for (const name of outputs) note([...names, name], placeholder.outputOf(name));
  for (const [name, inner] of dynamic)
    noteNested(inner, { names: [...names, name], placeholder: placeholder.outputOf(name), note });
}

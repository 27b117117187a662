import { ElsewhereError } from "#base/errors.ts";
import type { Derivation, DerivationOutput, InputOutputs } from "#nix/derivation.ts";
import { detach } from "#nix/graph/interner.ts";
import type { StorePath } from "#nix/store-path.ts";
import { rememberWants } from "../engine/plan/requirement-of.ts";

/** Reads a derivation again, whole. */
export type ReadAgain = (path: StorePath) => Derivation;

/**
 * Keeps the derivations of a large graph small: texts that occur in many are kept once, and arguments and
 * environments, which are most of it, are read again when a derivation is built or sent.
 */
export class LeanDerivations {
  readonly #readAgain: ReadAgain;
  readonly #texts = new Map<string, string>();
  readonly #inputs = new Map<string, InputOutputs>();
  /** The one last read: who asks for its arguments asks for its environment too. */
  #last: { readonly path: StorePath; readonly derivation: Derivation } | undefined;

  constructor(readAgain: ReadAgain) {
    this.#readAgain = readAgain;
  }

  /** What stands for `derivation`, which lies at `path`. */
  lean(path: StorePath, derivation: Derivation): Derivation {
    const { name, outputs, inputDerivations, inputSources, system, builder } = derivation;
    const own = this.#kept(path);
    const whole = () => this.#whole(own);
    // Getters of its own, so that copying all members of it copies these too.
    const lean: Derivation = {
      name: this.#kept(name),
      outputs: new Map(Array.from(outputs, ([key, output]) => [this.#kept(key), this.#output(output)])),
      inputDerivations: new Map(
        Array.from(inputDerivations, ([input, wanted]) => [this.#kept(input), this.#input(wanted)]),
      ),
      inputSources: inputSources.map((source) => this.#kept(source)),
      system: this.#kept(system),
      builder: this.#kept(builder),
      get args() {
        return whole().args;
      },
      get env() {
        return whole().env;
      },
    };
    try {
      rememberWants(derivation, lean);
    } catch (error) {
      // What its options have wrong is said when it is to be built.
      if (!(error instanceof ElsewhereError)) throw error;
    }
    return lean;
  }

  #whole(path: StorePath): Derivation {
    if (this.#last?.path !== path) this.#last = { path, derivation: this.#readAgain(path) };
    return this.#last.derivation;
  }

  #kept<T extends string>(text: T): T {
    const known = this.#texts.get(text);
    if (known !== undefined) return known as T;
    const own = detach(text);
    this.#texts.set(own, own);
    return own;
  }

  #output(output: DerivationOutput): DerivationOutput {
    return output.kind === "input-addressed" ? { kind: output.kind, path: detach(output.path) } : output;
  }

  #input(wanted: InputOutputs): InputOutputs {
    if (wanted.dynamic.size > 0) return wanted;
    const key = wanted.outputs.join("\0");
    const known = this.#inputs.get(key);
    if (known) return known;
    const own = { outputs: wanted.outputs.map((name) => this.#kept(name)), dynamic: NOTHING };
    this.#inputs.set(this.#kept(key), own);
    return own;
  }
}

const NOTHING: InputOutputs["dynamic"] = new Map();

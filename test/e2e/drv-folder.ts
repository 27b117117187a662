import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeText } from "#base/text.ts";
import { makeContentAddressedPath } from "#nix/content-address.ts";
import type { Derivation } from "#nix/derivation.ts";
import { formatDerivation } from "#nix/derivation-aterm.ts";
import { derivationPath, fillOutputPaths } from "#nix/derivation-hash.ts";
import { DerivationHasher } from "#nix/derivation-hasher.ts";
import { sha256 } from "#nix/hash.ts";
import { DownstreamPlaceholder, hashPlaceholder } from "#nix/placeholder.ts";
import { DEFAULT_STORE_DIR, printStorePath, type StorePath } from "#nix/store-path.ts";

export interface DrvSpec {
  /** For `/bin/sh -c`; `$name` of an input is its path. */
  readonly script: string;
  readonly inputs?: readonly string[];
  readonly system?: string;
  readonly features?: readonly string[];
  /** Its output's path is known when it is built: it is addressed by its contents. */
  readonly floats?: boolean;
}

/** Writes `.drv` files and a source as a person would carry them about, with no Nix. */
export class DrvFolder {
  readonly folder: string;
  /** What stands in a derivation for the output of another: its path, or a placeholder. */
  readonly #drvs = new Map<string, { path: StorePath; out: string }>();
  readonly #all = new Map<StorePath, Derivation>();
  readonly #hasher = new DerivationHasher(DEFAULT_STORE_DIR, (path) => this.#all.get(path));

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** Adds a text that derivations may read; returns its path in full. */
  source(name: string, text: string): string {
    const address = { method: "text", hash: sha256(text) } as const;
    const path = makeContentAddressedPath(DEFAULT_STORE_DIR, name, address);
    writeFileSync(join(this.folder, path), text);
    this.#sources.push(path);
    return printStorePath(DEFAULT_STORE_DIR, path);
  }

  readonly #sources: StorePath[] = [];

  /** Adds a derivation that takes every source; returns its file. */
  derive(name: string, spec: DrvSpec): string {
    const { script, inputs = [], system = "x86_64-linux", features = [], floats = false } = spec;
    const known = inputs.map((input) => [input, this.#drvs.get(input)!] as const);
    const env = new Map<string, string>([
      ["builder", "/bin/sh"],
      ["name", name],
      ["out", floats ? hashPlaceholder("out") : ""],
      ["system", system],
      ...known.map(([input, { out }]) => [input, out] as [string, string]),
    ]);
    if (features.length > 0) env.set("requiredSystemFeatures", features.join(" "));
    const drv = fillOutputPaths(
      DEFAULT_STORE_DIR,
      {
        name,
        system,
        builder: "/bin/sh",
        args: ["-c", script],
        outputs: new Map([["out", floats ? FLOATING : DEFERRED]]),
        inputSources: [...this.#sources].sort(),
        inputDerivations: new Map(
          known
            .map(([, { path }]) => [path, { outputs: ["out"], dynamic: new Map() }] as const)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        ),
        env: new Map([...env].sort(([a], [b]) => (a < b ? -1 : 1))),
      },
      this.#hasher.hashOf,
    );
    const path = derivationPath(DEFAULT_STORE_DIR, drv);
    const out = drv.outputs.get("out");
    this.#all.set(path, drv);
    this.#drvs.set(name, {
      path,
      out:
        out?.kind === "input-addressed"
          ? printStorePath(DEFAULT_STORE_DIR, out.path)
          : DownstreamPlaceholder.ofOutput(path, "out").toString(),
    });
    const file = join(this.folder, path);
    writeFileSync(file, encodeText(formatDerivation(DEFAULT_STORE_DIR, drv)));
    return file;
  }
}

const DEFERRED = { kind: "deferred" } as const;
const FLOATING = { kind: "floating", method: "nar", algorithm: "sha256" } as const;

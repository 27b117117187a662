import { outputPathName } from "./content-address.ts";
import { compressDigest, type Hash, sha256 } from "./hash.ts";
import { encodeNix32 } from "./nix32.ts";
import { hashPartOf, nameOf, type StorePath } from "./store-path.ts";

/** Stands for the own output `outputName` in a derivation: `/1rz4g4zn…`. Source: Nix manual, `builtins.placeholder`. */
export function hashPlaceholder(outputName: string): string {
  return render(sha256(`nix-output:${outputName}`));
}

/** Stands for a path that is not known before something else is built. */
export class DownstreamPlaceholder {
  readonly #hash: Hash;

  private constructor(hash: Hash) {
    this.#hash = hash;
  }

  /** Output `outputName` of a derivation whose outputs are content-addressed. */
  static ofOutput(drvPath: StorePath, outputName: string): DownstreamPlaceholder {
    const drvName = nameOf(drvPath).replace(/\.drv$/, "");
    const name = outputPathName(drvName, outputName);
    return new DownstreamPlaceholder(sha256(`nix-upstream-output:${hashPartOf(drvPath)}:${name}`));
  }

  /** Output `outputName` of the derivation that `this` stands for. */
  outputOf(outputName: string): DownstreamPlaceholder {
    const folded = encodeNix32(compressDigest(this.#hash.digest, 20));
    return new DownstreamPlaceholder(sha256(`nix-computed-output:${folded}:${outputName}`));
  }

  /** The text that occurs in derivations. */
  toString(): string {
    return render(this.#hash);
  }
}

function render(hash: Hash): string {
  return `/${encodeNix32(hash.digest)}`;
}

/** `text` with each key of `paths`, a placeholder, replaced by what it stands for. */
export function replacePlaceholders(text: string, paths: ReadonlyMap<string, string>): string {
  let replaced = text;
  if (!text.includes("/")) return text;
  for (const [placeholder, path] of paths) replaced = replaced.replaceAll(placeholder, () => path);
  return replaced;
}

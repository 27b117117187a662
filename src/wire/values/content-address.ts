import { MalformedError } from "#base/errors.ts";
import {
  type ContentAddress,
  type ContentAddressMethod,
  formatContentAddress,
  formatMethodAlgorithm,
  parseContentAddress,
  parseMethodAlgorithm,
} from "#nix/content-address.ts";
import type { HashAlgorithm } from "#nix/hash.ts";
import type { Codec } from "../codec/codec.ts";
import { mapped } from "../codec/derive.ts";
import { emptyOr } from "../codec/optional.ts";
import { text } from "../codec/primitives.ts";

/** As `fixed:r:sha256:…`. */
export const contentAddress: Codec<ContentAddress> = mapped(text, {
  parse: parseContentAddress,
  print: formatContentAddress,
});

/** The empty text where there is none. */
export const optionalContentAddress: Codec<ContentAddress | undefined> = emptyOr({
  parse: parseContentAddress,
  print: formatContentAddress,
});

/** How contents are to be addressed. */
export interface MethodAlgorithm {
  readonly method: ContentAddressMethod;
  readonly algorithm: HashAlgorithm;
}

/** As `fixed:r:sha256`, `fixed:sha1`, `text:sha256`. Unlike in derivations, `fixed:` is spelled out. */
export const methodAlgorithm: Codec<MethodAlgorithm> = mapped(text, {
  parse: (found) => {
    if (found.startsWith(FIXED)) return parseMethodAlgorithm(found.slice(FIXED.length));
    const value = parseMethodAlgorithm(found);
    if (value.method === "text") return value;
    throw new MalformedError("content address method", found, "want it to begin with 'text' or 'fixed'");
  },
  print: ({ method, algorithm }) => {
    const short = formatMethodAlgorithm(method, algorithm);
    return method === "text" ? short : `${FIXED}${short}`;
  },
});

const FIXED = "fixed:";

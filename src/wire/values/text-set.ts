import type { Codec } from "../codec/codec.ts";
import { set } from "../codec/collections.ts";
import { text } from "../codec/primitives.ts";

/** Texts in the order of their bytes, each once. */
export const textSet: Codec<readonly string[]> = set(text);

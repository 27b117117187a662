import { filler } from "../codec/derive.ts";
import { u64 } from "../codec/primitives.ts";

/** The 1 that ends an operation which has nothing to tell. */
export const acknowledgement = filler(u64, 1);

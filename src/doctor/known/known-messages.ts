import { ADMISSION } from "./admission.ts";
import { BUILDING } from "./building.ts";
import { GREETING } from "./greeting.ts";
import type { KnownMessage } from "./known-message.ts";
import { MAC } from "./mac.ts";
import { PLACING } from "./placing.ts";
import { REACHING } from "./reaching.ts";
import { SUBSTITUTING } from "./substituting.ts";
import { TRUSTING } from "./trusting.ts";

/** Every message that is known; where several are in one text, they are told of in this order. */
export const KNOWN_MESSAGES: readonly KnownMessage[] = [
  ...ADMISSION,
  ...BUILDING,
  ...TRUSTING,
  ...SUBSTITUTING,
  ...REACHING,
  ...GREETING,
  ...PLACING,
  ...MAC,
];

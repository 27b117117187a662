import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const beside = fileURLToPath(new URL("../../../shared", import.meta.url));

/** The folder of golden data beside the checkout, where it is there. */
export const sharedDir: string | undefined = existsSync(`${beside}/vectors`) ? beside : undefined;

/** For `test(name, { skip: withoutShared }, …)`. */
export const withoutShared: string | false = sharedDir
  ? false
  : "the golden data is not beside this checkout (../shared)";

import type { BasicDerivation, Derivation } from "./derivation.ts";
import type { DerivationOptions } from "./derivation-options.ts";
import { readPlainOptions } from "./derivation-options-plain.ts";
import { readStructuredOptions, StructuredReader } from "./derivation-options-structured.ts";
import { ReferenceReader } from "./derivation-reference.ts";
import type { StoreDir } from "./store-path.ts";

/** The options of a derivation: from its structured attributes where it has them, else from its environment. */
export function derivationOptions(
  storeDir: StoreDir,
  drv: BasicDerivation & Partial<Pick<Derivation, "inputDerivations">>,
): DerivationOptions {
  const references = new ReferenceReader(storeDir, drv);
  const json = drv.env.get("__json");
  if (json === undefined) return readPlainOptions(drv.env, references);
  return readStructuredOptions(StructuredReader.parse(drv.name, json), references);
}

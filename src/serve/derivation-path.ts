import { encodeText } from "#base/text.ts";
import { formatDerivation } from "#nix/derivation-aterm.ts";
import { derivationType } from "#nix/derivation-type.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { NamedDerivation } from "#wire/values/basic-derivation.ts";
import type { ClientRights } from "./client-rights.ts";

/**
 * The path that a derivation goes by which a client sends to be built. A trusted client says it; for anyone else
 * the derivation is written into the store, so that its path is really its own.
 */
export async function derivationPath(
  { rights, store }: { readonly rights: ClientRights; readonly store: Store },
  { drvPath, derivation }: NamedDerivation,
): Promise<StorePath> {
  const type = derivationType(derivation);
  if (type === "input-addressed" || type === "deferred") rights.demand("build an input-addressed derivation");
  if (rights.isTrusted) return drvPath;
  const text = formatDerivation(store.storeDir, { ...derivation, inputDerivations: new Map() });
  const info = await store.addContent({
    name: `${derivation.name}.drv`,
    method: "text",
    algorithm: "sha256",
    dump: "flat",
    references: derivation.inputSources,
    data: onePiece(encodeText(text)),
  });
  return info.path;
}

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

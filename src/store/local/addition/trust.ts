import { ElsewhereError } from "#base/errors.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { Realisation } from "#nix/realisation.ts";
import { formatDrvOutput, realisationFingerprint } from "#nix/realisation-text.ts";
import { validSignatures } from "#nix/signature-fingerprint.ts";
import type { StoreContext } from "../context.ts";
import { isContentAddressed } from "./content-claim.ts";

/**
 * Throws unless a path may be taken from someone who is not trusted: it is signed by a trusted key, or its
 * name follows from its contents, or this store asks for no signatures.
 */
export function checkTrust(store: StoreContext, info: PathInfo): void {
  if (!isTrustworthy(store, info)) throw untrusted(`add path '${store.print(info.path)}'`);
}

/** Whether a path may be taken from someone who is not trusted. */
export function isTrustworthy({ settings, layout, trustedKeys }: StoreContext, info: PathInfo): boolean {
  if (!settings.requireSigs || isContentAddressed(layout.storeDir, info)) return true;
  return validSignatures(layout.storeDir, info, trustedKeys).length > 0;
}

/** The same for a realisation, which nothing but a signature vouches for. */
export function checkRealisationTrust(store: StoreContext, realisation: Realisation): void {
  if (!isTrustworthyRealisation(store, realisation))
    throw untrusted(`register realisation '${formatDrvOutput(realisation.id)}'`);
}

/** Whether a realisation may be taken from someone who is not trusted. */
export function isTrustworthyRealisation(
  { settings, trustedKeys }: StoreContext,
  realisation: Realisation,
): boolean {
  if (!settings.requireSigs) return true;
  return trustedKeys.valid(realisationFingerprint(realisation), realisation.signatures).length > 0;
}

function untrusted(attempt: string): ElsewhereError {
  return new ElsewhereError(
    "UNTRUSTED_PATH",
    `cannot ${attempt} because it lacks a signature by a trusted key`,
    {
      hint: "Sign it, add its signer to trusted-public-keys, or send it as one of the store's trusted-users",
    },
  );
}

import { ElsewhereError } from "#base/errors.ts";
import {
  type ContentAddress,
  formatContentAddress,
  makeContentAddressedPath,
  type ObjectReferences,
} from "#nix/content-address.ts";
import { formatHash, hashEquals } from "#nix/hash.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { hashPartOf, nameOf, type StoreDir, type StorePath } from "#nix/store-path.ts";
import { type Contents, contentHash, selfReferringHashes } from "../../nar/content-hash.ts";
import type { StoreContext } from "../context.ts";

/** Whether a path's name follows from the content address and references that it claims. */
export function isContentAddressed(storeDir: StoreDir, info: PathInfo): boolean {
  if (!info.contentAddress) return false;
  try {
    return (
      makeContentAddressedPath(storeDir, nameOf(info.path), info.contentAddress, splitSelf(info)) ===
      info.path
    );
  } catch {
    // References that its method cannot have: then it is not what it claims to be.
    return false;
  }
}

/** Throws unless both the path follows from its content address, and that from its contents. */
export async function checkContentAddress(
  store: StoreContext,
  info: PathInfo,
  contents: Pick<Contents, "place" | "nar">,
): Promise<void> {
  const claimed = info.contentAddress!;
  const path = store.print(info.path);
  if (!isContentAddressed(store.layout.storeDir, info))
    throw new ElsewhereError(
      "CONTENT_ADDRESS",
      `Cannot add path '${path}' to the Nix store because it claims to be content-addressed but isn't: '${formatContentAddress(claimed)}' makes another path`,
    );
  if (isNarHash(info, claimed) && hashEquals(claimed.hash, info.narHash)) return;
  const claim = { ...contents, method: claimed.method, algorithm: claimed.hash.algorithm };
  const found = splitSelf(info).self
    ? await selfReferringHashes(claim, hashPartOf(info.path))
    : [await contentHash(claim)];
  if (found.some((hash) => hashEquals(hash, claimed.hash))) return;
  throw new ElsewhereError(
    "HASH_MISMATCH",
    `Cannot import '${path}': ca hash mismatch importing path '${path}';\n  specified: ${formatHash(claimed.hash, "nix32")}\n  got:       ${formatHash(found[0]!, "nix32")}`,
  );
}

/** References as path making wants them. */
export function splitSelf({
  path,
  references,
}: {
  path: StorePath;
  references: readonly StorePath[];
}): ObjectReferences {
  return { others: references.filter((reference) => reference !== path), self: references.includes(path) };
}

/** Whether the claimed hash is the NAR's, which was verified already. */
function isNarHash(info: PathInfo, claimed: ContentAddress): boolean {
  return (
    claimed.method === "nar" && claimed.hash.algorithm === "sha256" && !info.references.includes(info.path)
  );
}

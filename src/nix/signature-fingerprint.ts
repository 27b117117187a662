import { formatHash } from "./hash.ts";
import type { PathInfo } from "./path-info.ts";
import type { Realisation } from "./realisation.ts";
import { type SecretKey, signText, type TrustedKeys } from "./signature.ts";
import { printStorePath, type StoreDir } from "./store-path.ts";

/** What a path's signatures sign: `1;path;narHash;narSize;references`. Source: Nix, `ValidPathInfo::fingerprint`. */
export function pathFingerprint(storeDir: StoreDir, info: PathInfo): string {
  const references = [...info.references].sort().map((path) => printStorePath(storeDir, path));
  const hash = formatHash(info.narHash, "nix32");
  return `1;${printStorePath(storeDir, info.path)};${hash};${info.narSize};${references.join(",")}`;
}

/** The path's information with a signature by `key` added. */
export function signPathInfo(storeDir: StoreDir, info: PathInfo, key: SecretKey): PathInfo {
  const signature = signText(key, pathFingerprint(storeDir, info));
  return { ...info, signatures: [...new Set([...info.signatures, signature])].sort() };
}

/** Those of a path's signatures that trusted keys made. */
export function validSignatures(storeDir: StoreDir, info: PathInfo, keys: TrustedKeys): string[] {
  if (keys.size === 0 || info.signatures.length === 0) return [];
  return keys.valid(pathFingerprint(storeDir, info), info.signatures);
}

/** What a realisation's signatures sign, up to Nix 2.34: its JSON without them, keys sorted. */
export function realisationFingerprint({ id, outPath, dependentRealisations }: Realisation): string {
  const dependents = [...dependentRealisations].sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({
    dependentRealisations: Object.fromEntries(dependents),
    id: `${formatHash(id.drvHash, "base16")}!${id.outputName}`,
    outPath,
  });
}

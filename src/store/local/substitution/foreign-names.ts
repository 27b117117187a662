import { formatContentAddress, makeContentAddressedPath } from "#nix/content-address.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { nameOf, type StorePath } from "#nix/store-path.ts";
import type { SubstituteOptions, Substituter } from "../../substituter.ts";

/** A path under its name here, and as a substituter has it whose store directory is another. */
interface ForeignPath {
  readonly info: PathInfo;
  readonly there: PathInfo;
}

/**
 * What a substituter with another store directory has of the paths that contents address: there the same contents have
 * another name. Only of what refers to nothing, as references stand in the contents. Source: Nix, `PathSubstitutionGoal`.
 */
export async function queryForeign(
  from: Substituter,
  paths: readonly StorePath[],
  { addresses = new Map() }: SubstituteOptions,
): Promise<ForeignPath[]> {
  const found: ForeignPath[] = [];
  const wanted = paths.flatMap((path) => {
    const address = addresses.get(path);
    return address
      ? [{ path, address, name: makeContentAddressedPath(from.storeDir, nameOf(path), address) }]
      : [];
  });
  if (wanted.length === 0) return found;
  const infos = await from.queryPathInfos(wanted.map(({ name }) => name));
  for (const { path, address, name } of wanted) {
    const there = infos.get(name);
    if (there?.contentAddress === undefined || there.references.length > 0) continue;
    if (formatContentAddress(there.contentAddress) !== formatContentAddress(address)) continue;
    const { narHash, narSize, registrationTime } = there;
    const made = { references: [], signatures: [], ultimate: false, contentAddress: address };
    found.push({ info: { path, narHash, narSize, registrationTime, ...made }, there });
  }
  return found;
}

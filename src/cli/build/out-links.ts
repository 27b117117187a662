import { readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ElsewhereError } from "#base/errors.ts";
import type { RealiseReport, RealiseRequest } from "#build/engine/realise-request.ts";
import type { StorePath } from "#nix/store-path.ts";
import { makeFolder } from "#store/local/make-folder.ts";
import type { CollectableStore, Store } from "#store/store.ts";

/**
 * Makes `result`, `result-dev`, `result-1`, … as `nix build` names them, and registers each as a root.
 * In a store with its own root the links point to where the outputs really lie.
 */
export async function makeLinks(
  { wishes, destination }: Pick<RealiseRequest, "wishes" | "destination">,
  { report, paths, prefix }: { report: RealiseReport; paths: readonly StorePath[]; prefix: string },
): Promise<void> {
  const { store } = destination;
  const place = async (link: string, path: StorePath) => {
    placeLink(link, `${store.physicalStoreDir ?? store.storeDir}/${path}`, store);
    if (isCollectable(store)) await store.addIndirectRoot(link);
  };
  for (const [index, { drvPath, outputs }] of wishes.entries()) {
    const stem = index === 0 ? prefix : `${prefix}-${index}`;
    for (const name of outputs) {
      const path = report.outputsOf(drvPath).get(name);
      if (!path) continue;
      await place(resolve(name === "out" ? stem : `${stem}-${name}`), path);
    }
  }
  for (const [index, path] of paths.entries()) {
    const number = wishes.length + index;
    await place(resolve(number === 0 ? prefix : `${prefix}-${number}`), path);
  }
}

/** Replaces a link that points into a store; anything else that has the name is somebody's. */
function placeLink(link: string, target: string, store: Store): void {
  const before = readLink(link);
  if (before !== undefined && !before.includes(store.storeDir))
    throw new ElsewhereError("LINK_TAKEN", `Cannot make the link '${link}': something else has that name`, {
      hint: "name another with --out-link, or use --no-link",
    });
  makeFolder(dirname(link));
  const fresh = `${link}.${process.pid}.tmp`;
  rmSync(fresh, { force: true });
  symlinkSync(target, fresh);
  renameSync(fresh, link);
}

/** Where a link points; "" for what is no link; undefined for nothing. */
function readLink(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? undefined : "";
  }
}

function isCollectable(store: Store): store is CollectableStore {
  return "addIndirectRoot" in store && !store.uri.startsWith("ssh");
}

import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
} from "node:fs";
import { removeTree } from "#store/local/scratch.ts";
import type { BuildSite } from "../build-site.ts";
import type { Trash } from "../trash.ts";
import { isStaleName, ownedName } from "./ownership.ts";

/** The folders of one build. They go after it ends, or when the next process finds that ours is dead. */
export class Workspace implements Disposable {
  /** Unique on this machine. */
  readonly name: string;
  /** For what the sandbox needs beside. */
  readonly dir: string;
  /** Where the builder starts, and may write. */
  readonly buildDir: string;
  /** Becomes the builder's `/`; on the store's file system, so that outputs move by renaming. */
  readonly root: string;
  readonly #trash: Trash;
  #kept = false;

  private constructor(top: string, { root, trash }: { root: string; trash: Trash }) {
    this.name = ownedName();
    this.#trash = trash;
    this.dir = `${top}/${this.name}`;
    this.buildDir = `${this.dir}/build`;
    this.root = root;
  }

  static async make(top: string, { store, trash }: Pick<BuildSite, "store" | "trash">): Promise<Workspace> {
    const root = await store.outputs.scratchPlace();
    const workspace = new Workspace(top, { root, trash });
    mkdirSync(workspace.dir, { recursive: true, mode: 0o700 });
    symlinkSync(root, `${workspace.dir}/root`);
    mkdirSync(root);
    mkdirSync(workspace.buildDir);
    chmodSync(workspace.buildDir, 0o700);
    return workspace;
  }

  /** Keeps the build folder for people to look at; returns where it is. */
  keep(drvName: string): string {
    const top = this.dir.slice(0, this.dir.lastIndexOf("/"));
    for (let number = 0; ; number++) {
      const place = `${top}/nix-build-${drvName}-${number}`;
      if (lstatSync(place, { throwIfNoEntry: false })) continue;
      mkdirSync(place, { mode: 0o755 });
      renameSync(this.buildDir, `${place}/build`);
      this.#kept = true;
      return `${place}/build`;
    }
  }

  get isKept(): boolean {
    return this.#kept;
  }

  [Symbol.dispose](): void {
    this.#trash.take(this.root, this.dir);
  }
}

/** Removes what processes that were killed left below `top`. `isInStore` guards against links that lead elsewhere. */
export function removeStaleWorkspaces(top: string, isScratch: (place: string) => boolean): void {
  for (const name of list(top)) {
    if (!isStaleName(name)) continue;
    const root = linkTarget(`${top}/${name}/root`);
    if (root !== undefined && isScratch(root)) removeScratch(root);
    removeTree(`${top}/${name}`);
  }
}

/** A scratch place, and the folder of such places once it is empty. */
function removeScratch(root: string): void {
  removeTree(root);
  try {
    rmdirSync(root.slice(0, root.lastIndexOf("/")));
  } catch {
    // Others are in it still, or it is gone.
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

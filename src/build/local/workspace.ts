import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
} from "node:fs";
import { startTimeOf } from "#sandbox/process-tree.ts";
import type { LocalStore } from "#store/local/local-store.ts";
import { removeTree } from "#store/local/scratch.ts";

/** The folders of one build. They go when it ends, or when the next process finds that ours is dead. */
export class Workspace implements Disposable {
  /** Unique on this machine; names the build's control group too. */
  readonly name: string;
  /** For what the sandbox needs beside. */
  readonly dir: string;
  /** Where the builder starts, and may write. */
  readonly buildDir: string;
  /** Becomes the builder's `/`; on the store's file system, so that outputs move by renaming. */
  readonly root: string;
  #kept = false;

  private constructor(top: string, name: string, root: string) {
    this.name = name;
    this.dir = `${top}/${name}`;
    this.buildDir = `${this.dir}/build`;
    this.root = root;
  }

  static async make(top: string, store: LocalStore): Promise<Workspace> {
    const root = await store.scratchPlace();
    const workspace = new Workspace(top, ownedName(), root);
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
    removeTree(this.root);
    removeTree(this.dir);
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

/** Whether a name made by `ownedName` is that of a process that is no more. One in another container cannot be told. */
export function isStaleName(name: string): boolean {
  const found = OWNED.exec(name);
  if (!found) return false;
  const [, boot, namespace, pid, start] = found;
  if (boot !== bootId()) return true;
  return namespace === pidNamespace() && startTimeOf(Number(pid)) !== start;
}

/** A name that no other has, by which `isStaleName` knows whose it is. */
export function ownedName(): string {
  return `${ownerToken()}-${++made}`;
}

/** Says who owns a folder: boot, process namespace, process and its start, so that a number used again is no mistake. */
function ownerToken(): string {
  token ??= `elsewhere-${bootId()}-${pidNamespace()}-${process.pid}-${startTimeOf(process.pid) ?? 0}`;
  return token;
}

let token: string | undefined;
let made = 0;
const OWNED = /^elsewhere-([0-9a-f]+)-(\d+)-(\d+)-(\d+)-\d+$/;

function bootId(): string {
  return read("/proc/sys/kernel/random/boot_id").slice(0, 8) || "0";
}

function pidNamespace(): string {
  return /\d+/.exec(linkTarget("/proc/self/ns/pid") ?? "")?.[0] ?? "0";
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

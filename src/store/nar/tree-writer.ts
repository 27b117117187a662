import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  futimesSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { ElsewhereError, messageOf } from "#base/errors.ts";
import { CaseHack } from "#nix/case-hack.ts";
import type { NarFile, NarVisitor } from "#nix/nar/visitor.ts";
import { toFsPath } from "./fs-path.ts";

export interface TreeWriterOptions {
  /** Modes and times as in a store: 0444 or 0555, time 1. Otherwise as the umask has it, time now. */
  readonly canonical?: boolean;
  /** Rename files whose names differ in case alone, as on macOS. */
  readonly caseHack?: boolean;
}

/**
 * Writes a NAR's tree to disk. It never follows what it did not make: every directory is made by it and
 * must be new, as must every file, and names have no slashes; so nothing lands outside of the target.
 */
export class TreeWriter implements NarVisitor, Disposable {
  readonly #open: OpenDirectory[] = [];
  readonly #target: string;
  readonly #canonical: boolean;
  readonly #caseHack: boolean;
  #path = "";
  #fd = -1;
  #mode = 0;

  constructor(target: string, { canonical = false, caseHack = false }: TreeWriterOptions = {}) {
    this.#target = target;
    this.#canonical = canonical;
    this.#caseHack = caseHack;
  }

  enterDirectory(name: string): void {
    const path = this.#locate(name);
    attempt(path, () => mkdirSync(toFsPath(path), DIRECTORY_MODE));
    this.#open.push({ path, names: this.#caseHack ? new CaseHack() : undefined });
  }

  leaveDirectory(): void {
    const { path } = this.#open.pop()!;
    if (!this.#canonical) return;
    attempt(path, () => {
      chmodSync(toFsPath(path), CANONICAL_EXECUTABLE);
      lutimesSync(toFsPath(path), CANONICAL_TIME_S, CANONICAL_TIME_S);
    });
  }

  beginFile(name: string, { executable }: NarFile): void {
    this.#path = this.#locate(name);
    this.#mode = this.#modeOf(executable);
    this.#fd = attempt(this.#path, () => openSync(toFsPath(this.#path), NEW_FILE, this.#mode));
  }

  contents(chunk: Uint8Array): void {
    attempt(this.#path, () => {
      for (let at = 0; at < chunk.length; ) at += writeSync(this.#fd, chunk, at);
    });
  }

  endFile(): void {
    const fd = this.#fd;
    this.#fd = -1;
    attempt(this.#path, () => {
      try {
        if (this.#canonical) this.#canonicalise(fd);
      } finally {
        closeSync(fd);
      }
    });
  }

  symlink(name: string, target: string): void {
    const path = this.#locate(name);
    attempt(path, () => {
      symlinkSync(toFsPath(target), toFsPath(path));
      if (this.#canonical) lutimesSync(toFsPath(path), CANONICAL_TIME_S, CANONICAL_TIME_S);
    });
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  // The umask, or a default ACL of the directory, may have taken bits away.
  #canonicalise(fd: number): void {
    if ((fstatSync(fd).mode & MODE_BITS) !== this.#mode) fchmodSync(fd, this.#mode);
    futimesSync(fd, CANONICAL_TIME_S, CANONICAL_TIME_S);
  }

  #modeOf(executable: boolean): number {
    if (this.#canonical) return executable ? CANONICAL_EXECUTABLE : CANONICAL_REGULAR;
    return executable ? EXECUTABLE_MODE : REGULAR_MODE;
  }

  #locate(name: string): string {
    const directory = this.#open.at(-1);
    if (!directory) return this.#target;
    return `${directory.path}/${directory.names ? directory.names.nameOnDisk(name) : name}`;
  }
}

interface OpenDirectory {
  readonly path: string;
  readonly names: CaseHack | undefined;
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new ElsewhereError(codeOf(cause), `Cannot unpack to '${path}': ${messageOf(cause)}`, { cause });
  }
}

function codeOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code;
  return code === "ENOSPC" || code === "EDQUOT" ? "NO_SPACE" : "CANNOT_UNPACK";
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const MODE_BITS = 0o7777;
const CANONICAL_REGULAR = 0o444;
const CANONICAL_EXECUTABLE = 0o555;
const REGULAR_MODE = 0o666;
const EXECUTABLE_MODE = 0o777;
const DIRECTORY_MODE = 0o777;
/** Source: Nix, `mtimeStore`. */
const CANONICAL_TIME_S = 1;

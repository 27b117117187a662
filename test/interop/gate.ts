import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appearanceOf } from "#rig/appearance.ts";

/** Where a build of `matrix.nix` with this tag says that it has begun, and waits to be let go on. */
export class Gate implements Disposable {
  readonly folder: string;

  constructor(tag: string) {
    this.folder = join(tmpdir(), tag);
    mkdirSync(this.folder);
    // Builds run as whoever builds.
    chmodSync(this.folder, 0o777);
  }

  async reached(): Promise<void> {
    await appearanceOf(join(this.folder, "begun"), AbortSignal.timeout(LIMIT_MS));
  }

  /** How many builds have begun. */
  get begun(): number {
    return readFileSync(join(this.folder, "begun"), "utf8").split("\n").length - 1;
  }

  open(): void {
    writeFileSync(join(this.folder, "go"), "");
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** For a machine that is very busy. */
const LIMIT_MS = 60_000;

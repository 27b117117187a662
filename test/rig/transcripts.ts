import assert from "node:assert/strict";
import type { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sharedDir } from "./shared.ts";

/** One recorded connection between a real client and a real server. */
export interface Transcript {
  /** `2.26.3/ng-copy-to/0`. */
  readonly name: string;
  /** `c2.8.0-s2.34.8` for a client of one release and a server of another. */
  readonly release: string;
  readonly scenario: string;
  readonly protocol: "daemon" | "serve";
  /** What the client asked the server's machine to run. */
  readonly argv: readonly string[];
  /** The shell commands that made the state before it, unrecorded. */
  readonly before: string;
  /** Everything that the client wrote, and the server. */
  readonly fromClient: Buffer;
  readonly fromServer: Buffer;
  /** False where one side vanished in the middle of a message. */
  readonly complete: boolean;
  /** Whether the client was real Nix, which sorts what it sends. */
  readonly canonical: boolean;
}

/** Every recorded connection; those of one release where `release` is given. */
export function transcripts(release?: string): Transcript[] {
  const releases = release ? [release] : recordedReleases();
  return releases.flatMap((name) => connectionsOf(join(unpacked(`transcripts-${name}.tar.zst`), name), name));
}

/** Hand-made connections to real servers of 2.8.0 and 2.26.3; `S-…` speak the serve protocol, `W-…` the worker's. */
export function probes(): Transcript[] {
  const root = join(unpacked("probes.tar.zst"), "probes");
  return folders(root).flatMap((release) =>
    folders(join(root, release)).map((scenario) =>
      read(join(root, release, scenario), {
        name: `${release}/${scenario}`,
        release,
        scenario,
        protocol: scenario.startsWith("S-") ? "serve" : "daemon",
        argv: [],
        before: "",
      }),
    ),
  );
}

/** Those whose recordings lie beside the checkout: the client's and the server's, where they differ. */
export function recordedReleases(): string[] {
  if (!sharedDir) return [];
  const archives = readdirSync(join(sharedDir, "vectors")).sort();
  return archives.flatMap((name) => /^transcripts-(.*)\.tar\.zst$/.exec(name)?.[1] ?? []);
}

function connectionsOf(root: string, release: string): Transcript[] {
  return folders(root).flatMap((scenario) =>
    folders(join(root, scenario)).map((connection) => {
      const before = /^PRE: (.*)$/m.exec(readFileSync(join(root, scenario, "cmd.txt"), "utf8"))?.[1] ?? "";
      const dir = join(root, scenario, connection);
      const argv = readFileSync(join(dir, "argv"), "utf8").trim().split(/\s+/);
      const protocol = argv.includes("--serve") ? "serve" : "daemon";
      return read(dir, {
        name: `${release}/${scenario}/${connection}`,
        release,
        scenario,
        protocol,
        argv,
        before,
      });
    }),
  );
}

function read(
  dir: string,
  about: Omit<Transcript, "fromClient" | "fromServer" | "complete" | "canonical">,
): Transcript {
  return {
    ...about,
    fromClient: readFileSync(join(dir, "c2s.bin")),
    fromServer: readFileSync(join(dir, "s2c.bin")),
    canonical: about.argv.length > 0,
    complete: !/stream ended early|decoder stop/.test(readFileSync(join(dir, "decoded.txt"), "utf8")),
  };
}

/** The archive's folder, unpacked once a process and removed after its tests. */
function unpacked(archive: string): string {
  const known = UNPACKED.get(archive);
  if (known) return known;
  assert.ok(sharedDir, "want the golden data beside the checkout");
  const path = join(sharedDir, "vectors", archive);
  const root = mkdtempSync(join(tmpdir(), "elsewhere-transcripts-"));
  process.once("exit", () => rmSync(root, { recursive: true, force: true }));
  execFileSync("tar", ["--use-compress-program=zstd -d --long=27", "-xf", path, "-C", root]);
  UNPACKED.set(archive, root);
  return root;
}

function folders(root: string): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

const UNPACKED = new Map<string, string>();

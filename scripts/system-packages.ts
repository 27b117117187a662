import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A program that some tests and the demo need, the Debian package that has it, and what it is for. */
interface SystemPart {
  readonly program: string;
  readonly debianPackage: string;
  readonly purpose: string;
}

const PARTS: readonly SystemPart[] = [
  { program: "bwrap", debianPackage: "bubblewrap", purpose: "the build sandbox" },
  { program: "sshd", debianPackage: "openssh-server", purpose: "builders behind a real sshd" },
  { program: "ssh", debianPackage: "openssh-client", purpose: "reaching builders" },
  { program: "busybox", debianPackage: "busybox-static", purpose: "/bin/sh in the sandbox" },
  { program: "zstd", debianPackage: "zstd", purpose: "unpacking the golden data" },
  { program: "xz", debianPackage: "xz-utils", purpose: "xz in binary caches" },
  { program: "bzip2", debianPackage: "bzip2", purpose: "build logs as Nix keeps them" },
  { program: "zsh", debianPackage: "zsh", purpose: "its completions" },
  { program: "fish", debianPackage: "fish", purpose: "its completions" },
  { program: "mandoc", debianPackage: "mandoc", purpose: "checking manual pages" },
  { program: "flock", debianPackage: "util-linux", purpose: "locks shared with Nix" },
];

/** What tests need beside what the demo does. */
export const TEST_PARTS: readonly SystemPart[] = [
  { program: "faketime", debianPackage: "faketime", purpose: "builders whose clock is wrong" },
];

/** What a kernel of its own needs, with the memory controller of control groups of version 2. */
export const GUEST_PARTS: readonly SystemPart[] = [
  { program: "qemu-system-x86_64", debianPackage: "qemu-system-x86", purpose: "a kernel of its own" },
];

/** What real Nix in roots of its own needs beside the parts above. */
export const INTEROP_PARTS: readonly SystemPart[] = [
  { program: "mmdebstrap", debianPackage: "mmdebstrap", purpose: "roots with real Nix" },
];

/** Installs what is missing with apt where that can be done; says in one line what else to install. Returns what is still missing. */
export function installSystemParts(parts: readonly SystemPart[] = PARTS): SystemPart[] {
  const missing = parts.filter(isMissing);
  if (missing.length === 0) return [];
  const packages = missing.map((part) => part.debianPackage);
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    console.error(`set-up: installing ${packages.join(" ")}`);
    const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    spawnSync("apt-get", ["update", "-qq"], { stdio: "ignore", env: environment });
    spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], {
      stdio: ["ignore", "ignore", "inherit"],
      env: environment,
    });
  }
  const still = missing.filter(isMissing);
  if (still.length > 0) console.error(`set-up: please install: ${still.map(describePart).join(", ")}`);
  return still;
}

function describePart({ debianPackage, purpose }: SystemPart): string {
  return `${debianPackage} (${purpose})`;
}

function isMissing({ program }: SystemPart): boolean {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return !folders.some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

import type { Binary } from "../format/binary.ts";
import type { Place } from "./contents.ts";

/** What the place of a file below its store path, such as `lib/gcc/aarch64-unknown-linux-gnu/crti.o`, says of its use. */
export function placeOf(
  file: string,
  { executable, binary }: { executable: boolean; binary: Binary },
): Place {
  const lower = file.toLowerCase();
  if (DATA.test(lower) || (binary.format !== "script" && isNamedFor(lower, binary))) return "data";
  if (binary.kind === "object" || binary.kind === "firmware" || binary.kind === "other") return "data";
  if (PROGRAMS.test(lower)) return "program";
  if (LIBRARIES.test(lower)) return "library";
  if (file === "" && executable) return "program";
  return "data";
}

/** Whether a folder or file on the way is named for a platform that the file is for: `prebuilds/darwin-x64/x.node`. */
function isNamedFor(lower: string, { machines }: Binary): boolean {
  const words = new Set(lower.split(/[^a-z0-9_]+/).flatMap((word) => [word, ...word.split("_")]));
  if (lower.includes("x86_64") || lower.includes("x86-64")) words.add("x86_64");
  return machines.some(({ platform: { cpu, os } }) => {
    const cpus = [cpu, ...(CPU_WORDS[cpu] ?? [])];
    return (
      cpus.some((word) => words.has(word)) ||
      (os !== "linux" && (OS_WORDS[os] ?? [os]).some((word) => words.has(word)))
    );
  });
}

/** Folders whose contents are data for whatever runs, not run by the machine. */
const DATA =
  /^(share|etc|include|nix-support|src|doc|man)\/|(^|\/)(firmware|lib\/modules|lib\/debug|wine|testdata|tests?|fixtures|prebuilds|locale|boot|kernel|efi|uefi|qemu|grub|syslinux)(\/|$)|\.(dll|exe|efi|ko|bc|jar|class|pyc)(\.|$)/;
const PROGRAMS =
  /^(bin|sbin|libexec|usr\/bin|usr\/sbin|usr\/libexec|nix\/store\/[^/]+\/s?bin)\/|^(Applications|applications)\/.*\/contents\/macos\//;
const LIBRARIES =
  /^(lib|lib32|lib64|usr\/lib|usr\/lib64)\/[^/]*\.(so|dylib)[.0-9]*$|^(library|applications)\/frameworks\//;

const CPU_WORDS: Readonly<Record<string, readonly string[]>> = {
  x86_64: ["amd64", "x64", "x86-64", "intel64"],
  i686: ["i386", "x86", "ia32", "i586", "i486", "386"],
  aarch64: ["arm64"],
  armv7a: ["arm", "armhf", "armv7"],
  arm: ["armhf", "armel", "armv7", "armv6", "armv7l", "armv6l"],
  powerpc64le: ["ppc64le", "ppc64el"],
  powerpc64: ["ppc64"],
  s390x: ["s390"],
};

const OS_WORDS: Readonly<Record<string, readonly string[]>> = {
  darwin: ["darwin", "macos", "osx", "mac", "macosx", "apple"],
  windows: ["windows", "win", "win32", "win64", "mingw32", "mingw"],
};

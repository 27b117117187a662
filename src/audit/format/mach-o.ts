import { parsePlatform } from "../platform.ts";
import type { Binary, BinaryKind, Machine } from "./binary.ts";

/** Reads the header of a Mach-O file, for one processor or for several. Source: Apple, `mach-o/loader.h` and `fat.h`. */
export function readMachO(view: DataView): Binary | undefined {
  const magic = view.getUint32(0);
  return magic === FAT || magic === FAT_64 ? readFat(view, magic === FAT_64) : readThin(view, magic);
}

function readThin(view: DataView, magic: number): Binary | undefined {
  if (view.byteLength < HEADER_BYTES) return undefined;
  const isLittle = (magic & 0xff) === 0xfe;
  const type = view.getUint32(12, isLittle);
  const machine = machineOf(view.getInt32(4, isLittle), isLittle ? "little" : "big", osOf(view, isLittle));
  return { format: "Mach-O", kind: KINDS[type] ?? "other", machines: [machine] };
}

/** The list of a fat file; what each part is, executable or library, lies too far in to be seen. */
function readFat(view: DataView, is64: boolean): Binary | undefined {
  if (view.byteLength < 8) return undefined;
  const count = view.getUint32(4);
  // A Java class begins alike, and has its version there, which is 45 or more.
  if (count === 0 || count > FAT_PARTS_MAX) return undefined;
  const size = is64 ? 32 : 20;
  if (view.byteLength < 8 + count * size) return undefined;
  const machines = Array.from({ length: count }, (_, index) =>
    machineOf(view.getInt32(8 + index * size), "little", "darwin"),
  );
  return { format: "Mach-O", kind: "executable", machines };
}

function machineOf(type: number, endian: "little" | "big", os: string): Machine {
  const cpu = CPUS[type & 0xffffff] ?? `mach${type & 0xffffff}`;
  const is64 = (type & CPU_64) !== 0;
  const name = is64 ? (WIDE[cpu] ?? cpu) : cpu;
  return { platform: parsePlatform(`${name}-${os}`), bits: is64 ? 64 : 32, endian };
}

/** Which of Apple's systems it is for, as its load commands say; macOS where they do not. */
function osOf(view: DataView, isLittle: boolean): string {
  const is64 = (view.getUint32(4, isLittle) & CPU_64) !== 0;
  const count = Math.min(view.getUint32(16, isLittle), COMMANDS_MAX);
  let at = is64 ? HEADER_BYTES + 4 : HEADER_BYTES;
  for (let i = 0; i < count && at + 12 <= view.byteLength; i++) {
    const command = view.getUint32(at, isLittle);
    if (command === LC_BUILD_VERSION) return PLATFORMS[view.getUint32(at + 8, isLittle)] ?? "darwin";
    if (command === LC_VERSION_MIN_IPHONEOS) return "ios";
    const size = view.getUint32(at + 4, isLittle);
    if (size < 8) break;
    at += size;
  }
  return "darwin";
}

const FAT = 0xcafebabe;
const FAT_64 = 0xcafebabf;
const HEADER_BYTES = 28;
const CPU_64 = 0x01000000;
const FAT_PARTS_MAX = 30;
const COMMANDS_MAX = 200;
const LC_BUILD_VERSION = 0x32;
const LC_VERSION_MIN_IPHONEOS = 0x25;

/** `CPU_TYPE_*` without the bit for 64. */
const CPUS: Readonly<Record<number, string>> = { 7: "i686", 12: "armv7a", 18: "powerpc" };
const WIDE: Readonly<Record<string, string>> = { i686: "x86_64", armv7a: "aarch64", powerpc: "powerpc64" };

/** `MH_*`. */
const KINDS: Readonly<Record<number, BinaryKind>> = {
  1: "object",
  2: "executable",
  6: "library",
  7: "executable",
  8: "library",
  9: "library",
};

/** `PLATFORM_*` of `LC_BUILD_VERSION`. */
const PLATFORMS: Readonly<Record<number, string>> = {
  1: "darwin",
  2: "ios",
  3: "tvos",
  4: "watchos",
  6: "darwin",
  7: "ios",
};

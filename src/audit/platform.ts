import { printable } from "#base/printable.ts";

/** What programs run on: the parts of a Nix `system` such as `x86_64-linux`. */
export interface Platform {
  /** As Nix spells it: `x86_64-linux`; what could not be read stays as it was. */
  readonly text: string;
  /** `x86_64`, `aarch64`, `i686`, `armv7l`, …; micro-architecture levels left out. */
  readonly cpu: string;
  /** `linux`, `darwin`, `windows`, `freebsd`, …; `none` for bare machines. */
  readonly os: string;
}

/** The platform of a Nix system, or of a configuration triple such as `aarch64-unknown-linux-gnu`. */
export function parsePlatform(text: string): Platform {
  const known = parsed.get(text);
  if (known) return known;
  // It may be anything: it is shown to people, and compared with its like only.
  const platform = parse(printable(text));
  if (parsed.size < PARSED_MAX) parsed.set(text, platform);
  return platform;
}

/** How a machine of one platform stands to a program of another. */
export type Kinship =
  | "same"
  /** It runs it as its own: i686 on x86_64, a micro-architecture level. */
  | "native"
  /** It runs it by what the operating system brings along, if that is installed: Rosetta. */
  | "translated"
  /** It is no program of an operating system: firmware, WebAssembly, JavaScript. */
  | "bare"
  /** The processor is another; the operating system is the same. */
  | "foreign-cpu"
  | "foreign-os";

export function kinship(machine: Platform, program: Platform): Kinship {
  if (machine.text === program.text) return "same";
  if (BARE_SYSTEMS.has(program.os)) return "bare";
  if (machine.os !== program.os) return "foreign-os";
  if (machine.cpu === program.cpu) return "native";
  if (machine.os === "darwin")
    return machine.cpu === "aarch64" && program.cpu === "x86_64" ? "translated" : "foreign-cpu";
  return NATIVE_CPUS[machine.cpu]?.includes(program.cpu) ? "native" : "foreign-cpu";
}

function parse(text: string): Platform {
  const parts = text.toLowerCase().split("-");
  const os = parts
    .slice(1)
    .map(osOf)
    .find((found) => found !== undefined);
  const cpu = cpuOf(parts[0]!);
  if (os === undefined) return { text, cpu, os: parts.slice(1).join("-") || text };
  const level = /^x86_64-v[1-4]-/.test(text);
  return { text: parts.length === 2 || level ? text : `${cpu}-${os}`, cpu, os };
}

function osOf(part: string): string | undefined {
  const bare = part.replace(/[0-9.]+$/, "");
  return OS_SPELLINGS[part] ?? OS_SPELLINGS[bare];
}

function cpuOf(part: string): string {
  return CPU_SPELLINGS[part] ?? part;
}

/** Spellings of systems, of triples, of CMake (`CMAKE_SYSTEM_NAME`) and of Go. */
const OS_SPELLINGS: Readonly<Record<string, string>> = {
  linux: "linux",
  darwin: "darwin",
  macos: "darwin",
  macosx: "darwin",
  ios: "ios",
  windows: "windows",
  mingw32: "windows",
  mingw: "windows",
  w64: "windows",
  cygwin: "windows",
  freebsd: "freebsd",
  netbsd: "netbsd",
  openbsd: "openbsd",
  solaris: "solaris",
  redox: "redox",
  genode: "genode",
  wasi: "wasi",
  wasip: "wasi",
  none: "none",
  elf: "none",
  eabi: "none",
  mmixware: "none",
  ghcjs: "ghcjs",
  emscripten: "emscripten",
};

const CPU_SPELLINGS: Readonly<Record<string, string>> = {
  amd64: "x86_64",
  x64: "x86_64",
  arm64: "aarch64",
  i386: "i686",
  i486: "i686",
  i586: "i686",
  x86: "i686",
  ppc64le: "powerpc64le",
  ppc64: "powerpc64",
};

/** Programs of other processors that a processor runs itself. */
const NATIVE_CPUS: Readonly<Record<string, readonly string[]>> = {
  x86_64: ["i686"],
  aarch64: ["armv5tel", "armv6l", "armv7a", "armv7l", "arm"],
  armv7l: ["armv5tel", "armv6l", "arm"],
  armv6l: ["armv5tel", "arm"],
  mips64el: ["mipsel"],
  mips64: ["mips"],
  powerpc64: ["powerpc"],
  riscv64: ["riscv32"],
};

const BARE_SYSTEMS: ReadonlySet<string> = new Set(["none", "wasi", "ghcjs", "emscripten"]);

const parsed = new Map<string, Platform>();
/** Platforms that are remembered; there are some dozens. */
const PARSED_MAX = 1000;

import { type Platform, parsePlatform } from "../platform.ts";

/**
 * The platform that a cross compiled derivation's outputs are for; undefined where they are for the system that
 * builds it. `words` is its environment in any form: nixpkgs tells CMake of both platforms in every cross build, and
 * puts the configuration triple into the name of what it compiles.
 */
export function crossTargetOf(
  { name, system }: { readonly name: string; readonly system: string },
  words: string,
): Platform | undefined {
  const target = cmakeTarget(words) ?? namedTarget(name);
  if (target === undefined) return undefined;
  const own = parsePlatform(system);
  return target.cpu === own.cpu && target.os === own.os ? undefined : target;
}

/** The triple within a derivation's name, such as in `hello-aarch64-unknown-linux-gnu-2.12.3`; a leading one names a tool's target. */
export function tripleIn(name: string): string | undefined {
  return TRIPLE.exec(name)?.[1];
}

/** Whether the name begins with a triple: a compiler or linker that runs here and makes programs for elsewhere. */
export function isTargetTool(name: string): boolean {
  return LEADING_TRIPLE.test(name);
}

function namedTarget(name: string): Platform | undefined {
  const triple = isTargetTool(name) ? undefined : tripleIn(name);
  return triple === undefined ? undefined : parsePlatform(triple);
}

function cmakeTarget(words: string): Platform | undefined {
  const at = words.indexOf(CMAKE_HOST);
  if (at < 0) return undefined;
  const found = CMAKE_TARGET.exec(words.slice(Math.max(0, at - CMAKE_WINDOW_CHARS), at));
  return found ? parsePlatform(`${found[2]}-${found[1]}`) : undefined;
}

const CMAKE_HOST = "-DCMAKE_HOST_SYSTEM_NAME=";
const CMAKE_TARGET = /-DCMAKE_SYSTEM_NAME=(\w+)\W{1,8}DCMAKE_SYSTEM_PROCESSOR=(\w+)/;
/** How far before the one flag the others are looked for, in characters. */
const CMAKE_WINDOW_CHARS = 200;

const CPU =
  "(?:x86_64|i[3-6]86|aarch64(?:_be)?|arm64|armv[5-8]\\w*|arm|riscv(?:32|64)|powerpc(?:64)?(?:le)?|s390x|mips\\w*|loongarch64|wasm32|avr|msp430|m68k|sparc64|or1k)";
const REST =
  "(?:(?:unknown|pc|apple|w64|none|linux)-)?(?:linux-(?:gnu|musl|android|uclibc)\\w*|darwin[\\d.]*|mingw32|mingw|freebsd\\d*|netbsd|openbsd|wasi|none|elf|eabi\\w*|redox|genode|cygwin)";
const TRIPLE = new RegExp(`-(${CPU}-${REST})(?:-|$)`);
const LEADING_TRIPLE = new RegExp(`^${CPU}-${REST}-`);

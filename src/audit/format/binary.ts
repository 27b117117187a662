import type { Platform } from "../platform.ts";

/** A file that some machine runs, loads or links, as its first bytes tell. */
export interface Binary {
  readonly format: "ELF" | "Mach-O" | "PE" | "wasm" | "archive" | "script";
  readonly kind: BinaryKind;
  /** One for each processor that it holds code for; none where that is not to be seen. */
  readonly machines: readonly Machine[];
  /** What loads or runs it: an ELF's loader, a script's interpreter. */
  readonly interpreter?: string;
}

export type BinaryKind = "executable" | "library" | "object" | "firmware" | "script" | "other";

export interface Machine {
  readonly platform: Platform;
  readonly bits: 32 | 64;
  readonly endian: "little" | "big";
  /** What programs must agree on beyond the processor, such as `hard-float` or `x32`. */
  readonly abi?: string;
}

/** `Mach-O x86_64`, `ELF aarch64`, `script`. */
export function describeBinary({ format, machines }: Binary): string {
  const cpus = machines.map(({ platform, abi }) =>
    abi === undefined ? platform.cpu : `${platform.cpu} ${abi}`,
  );
  return [format, ...new Set(cpus)].join(" ");
}

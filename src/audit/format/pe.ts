import { parsePlatform } from "../platform.ts";
import type { Binary } from "./binary.ts";

/** Reads the header of a Windows or UEFI program. Source: Microsoft, "PE Format". */
export function readPe(view: DataView): Binary | undefined {
  if (view.byteLength < DOS_HEADER_BYTES) return undefined;
  const at = view.getUint32(60, true);
  if (at + COFF_BYTES > view.byteLength || view.getUint32(at) !== SIGNATURE) return undefined;
  const [cpu, bits] = CPUS[view.getUint16(at + 4, true)] ?? ["pe", 32 as const];
  const isLibrary = (view.getUint16(at + 22, true) & IMAGE_FILE_DLL) !== 0;
  const isFirmware = FIRMWARE.has(subsystemOf(view, at + COFF_BYTES));
  const platform = parsePlatform(`${cpu}-${isFirmware ? "none" : "windows"}`);
  const kind = isFirmware ? "firmware" : isLibrary ? "library" : "executable";
  return { format: "PE", kind, machines: [{ platform, bits, endian: "little" }] };
}

function subsystemOf(view: DataView, optionalHeader: number): number {
  const at = optionalHeader + 68;
  return at + 2 <= view.byteLength ? view.getUint16(at, true) : 0;
}

const DOS_HEADER_BYTES = 64;
const COFF_BYTES = 24;
/** `PE\0\0`. */
const SIGNATURE = 0x50450000;
const IMAGE_FILE_DLL = 0x2000;
/** Subsystems that are UEFI's: application, boot driver, run-time driver, ROM. */
const FIRMWARE: ReadonlySet<number> = new Set([10, 11, 12, 13]);

const CPUS: Readonly<Record<number, readonly [string, 32 | 64]>> = {
  332: ["i686", 32],
  448: ["armv7a", 32],
  450: ["armv7a", 32],
  452: ["armv7a", 32],
  512: ["ia64", 64],
  20530: ["riscv32", 32],
  20580: ["riscv64", 64],
  25138: ["loongarch32", 32],
  25188: ["loongarch64", 64],
  34404: ["x86_64", 64],
  43620: ["aarch64", 64],
};

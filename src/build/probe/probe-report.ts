import type { Buffer } from "node:buffer";
import { decodeText } from "#base/text.ts";
import { freeBytesOf } from "./disk-program.ts";

/** What a probe wrote into its output. */
export interface ProbeReport {
  readonly nonce: string;
  /**
   * What the program for the system's processor said: the processor's name. Empty where it could not be run;
   * undefined where no such program is known.
   */
  readonly machine: string | undefined;
  /** The processor as the kernel names it (`uname -m`), where it could be found out. */
  readonly kernel: string | undefined;
  /** Whether `/dev/kvm` could be opened; undefined where that was not asked. */
  readonly kvmUsable: boolean | undefined;
  /** Of the machine, as far as it says. */
  readonly cores: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly freeMemoryBytes: number | undefined;
  /** Of the file system that holds the store. */
  readonly freeDiskBytes: number | undefined;
}

/** Reads a probe's output; lines that it does not know mean nothing. */
export function parseProbeReport(bytes: Buffer): ProbeReport {
  const words = new Map<string, string>();
  const diskAt = bytes.indexOf(DISK_MARK);
  const text = decodeText(bytes.subarray(0, Math.min(diskAt < 0 ? bytes.length : diskAt, REPORT_BYTES_MAX)));
  for (const line of text.split("\n")) {
    const [word, ...value] = line.split(" ");
    if (word && !words.has(word)) words.set(word, value.join(" ").trim());
  }
  const kvm = words.get("kvm");
  return {
    nonce: words.get("nonce") ?? "",
    machine: words.get("machine"),
    kernel: words.get("kernel"),
    kvmUsable: kvm === undefined ? undefined : kvm === "usable",
    cores: wholeOf(words.get("cores")),
    memoryBytes: kibibytes(words.get("memory")),
    freeMemoryBytes: kibibytes(words.get("available")),
    freeDiskBytes: diskAt < 0 ? undefined : freeBytesOf(bytes.subarray(diskAt + DISK_MARK.length)),
  };
}

function wholeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}

function kibibytes(text: string | undefined): number | undefined {
  const found = wholeOf(text);
  return found === undefined ? undefined : found * 1024;
}

/** Whether the system's programs run on the processor itself; undefined where the kernel's name is not known. */
export function isNative(report: ProbeReport, system: string): boolean | undefined {
  if (report.kernel === undefined) return undefined;
  const family = (name: string) => FAMILIES[name] ?? name;
  return family(report.kernel) === family(system.slice(0, system.lastIndexOf("-")));
}

/** Processors that run each other's programs without an emulator. */
const FAMILIES: { readonly [machine: string]: string } = {
  i386: "x86",
  i486: "x86",
  i586: "x86",
  i686: "x86",
  x86_64: "x86",
  arm64: "arm",
  aarch64: "arm",
  armv6l: "arm",
  armv7l: "arm",
};
/** Far above what a probe writes. */
const REPORT_BYTES_MAX = 4096;
/** After this line come the bytes of the disk program. */
const DISK_MARK = "\ndisk\n";

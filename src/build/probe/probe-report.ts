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
}

/** Reads a probe's output; lines that it does not know mean nothing. */
export function parseProbeReport(text: string): ProbeReport {
  const words = new Map<string, string>();
  for (const line of text.slice(0, REPORT_CHARS_MAX).split("\n")) {
    const [word, ...value] = line.split(" ");
    if (word && !words.has(word)) words.set(word, value.join(" ").trim());
  }
  const kvm = words.get("kvm");
  return {
    nonce: words.get("nonce") ?? "",
    machine: words.get("machine"),
    kernel: words.get("kernel"),
    kvmUsable: kvm === undefined ? undefined : kvm === "usable",
  };
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
const REPORT_CHARS_MAX = 4096;

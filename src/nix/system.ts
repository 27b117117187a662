/** What the defaults of settings depend on: looked up once, by `main`. */
export interface HostFacts {
  /** As `process.platform`. */
  readonly platform: string;
  /** As `process.arch`. */
  readonly arch: string;
  /** Whether `/dev/kvm` can be read and written. */
  readonly kvm: boolean;
  /** Whether macOS can run virtual machines. */
  readonly appleVirtualization?: boolean;
  /** Whether macOS runs programs of Intel Macs. */
  readonly rosetta?: boolean;
  /** Micro-architecture level of an x86_64 processor, 1 to 4. */
  readonly x86Level?: number;
  /** Processors that builds may use. */
  readonly cpus: number;
}

/** The `system` of a host, such as `x86_64-linux`. */
export function systemOf({ platform, arch }: Pick<HostFacts, "platform" | "arch">): string {
  return `${CPU_OF_ARCH[arch] ?? arch}-${platform}`;
}

/** Other systems that a host runs without emulation. Source: Nix, `extra-platforms`. */
export function extraPlatformsOf(facts: HostFacts): string[] {
  const system = systemOf(facts);
  if (system === "x86_64-linux") {
    const levels = Array.from({ length: facts.x86Level ?? 1 }, (_, index) => `x86_64-v${index + 1}-linux`);
    return ["i686-linux", ...levels];
  }
  return system === "aarch64-darwin" && facts.rosetta ? ["x86_64-darwin"] : [];
}

/** Source: Nix, `system-features`. Sorted. */
export function systemFeaturesOf({ platform, kvm, appleVirtualization }: HostFacts): string[] {
  const features = ["benchmark", "big-parallel", "nixos-test"];
  if (platform === "linux") features.push("uid-range");
  if (platform === "linux" && kvm) features.push("kvm");
  if (platform === "darwin" && appleVirtualization) features.push("apple-virt");
  return features.sort();
}

/** The micro-architecture level that a processor's flags in `/proc/cpuinfo` make. Source: x86-64 psABI, table 3.1. */
export function x86LevelOf(flags: ReadonlySet<string>): number {
  let level = 1;
  for (const needed of X86_LEVELS) {
    if (!needed.every((flag) => flags.has(flag))) return level;
    level++;
  }
  return level;
}

const X86_LEVELS = [
  ["cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"],
  ["abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"],
  ["avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"],
] as const;

const CPU_OF_ARCH: { readonly [arch: string]: string } = {
  x64: "x86_64",
  arm64: "aarch64",
  ia32: "i686",
  arm: "armv7l",
  ppc64: "powerpc64le",
  loong64: "loongarch64",
};

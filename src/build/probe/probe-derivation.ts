import { Buffer } from "node:buffer";
import { ElsewhereError } from "#base/errors.ts";
import { encodeText } from "#base/text.ts";
import { type ContentAddressMethod, makeContentAddressedPath } from "#nix/content-address.ts";
import type { Derivation } from "#nix/derivation.ts";
import { formatDerivation } from "#nix/derivation-aterm.ts";
import { derivationPath, fillOutputPaths } from "#nix/derivation-hash.ts";
import { sha256 } from "#nix/hash.ts";
import { NarWriter } from "#nix/nar/nar-writer.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { printStorePath, type StoreDir, type StorePath } from "#nix/store-path.ts";
import { diskProgramFor } from "./disk-program.ts";
import { tinyProgramFor } from "./tiny-program.ts";

/** What a probe shall find out. */
export interface ProbeQuestion {
  readonly storeDir: StoreDir;
  readonly system: string;
  /** System features that it requires. */
  readonly features: readonly string[];
  /** Makes it a build that nobody has done before: letters and digits. */
  readonly nonce: string;
}

/** A store path that a probe brings along, whole. */
export interface CarriedPath {
  readonly info: PathInfo;
  readonly nar: Buffer;
}

/** A derivation that has no inputs but what it carries: a program of the system's own, where one is known. */
export interface ProbeDerivation {
  readonly derivation: Derivation;
  readonly drvPath: StorePath;
  readonly output: StorePath;
  readonly sources: readonly CarriedPath[];
  /** The derivation's own file, for a builder that must read it. */
  readonly drvFile: CarriedPath;
}

/**
 * The probe for a system and its features. Its builder is `/bin/sh`, which every sandbox has, and uses nothing that
 * is not built into a shell; `program` runs only on the processor that the system is named after.
 */
export function makeProbeDerivation({ storeDir, system, features, nonce }: ProbeQuestion): ProbeDerivation {
  const program = carryProgram(storeDir, "probe-program", tinyProgramFor(system));
  const disk = carryProgram(storeDir, "probe-disk", diskProgramFor(system, storeDir));
  const sources = [program, disk].flatMap((source) => source ?? []);
  const placeOf = (source: CarriedPath | undefined) =>
    source ? printStorePath(storeDir, source.info.path) : "";
  const env: [string, string][] = [
    ["builder", "/bin/sh"],
    ["disk", placeOf(disk)],
    ["kvm", features.includes("kvm") ? "1" : ""],
    ["name", PROBE_NAME],
    ["nonce", nonce],
    ["out", ""],
    ["preferLocalBuild", ""],
    ["program", placeOf(program)],
    ["requiredSystemFeatures", features.join(" ")],
    ["system", system],
  ];
  const derivation = fillOutputPaths(
    storeDir,
    {
      name: PROBE_NAME,
      system,
      builder: "/bin/sh",
      args: ["-c", SCRIPT],
      outputs: new Map([["out", { kind: "deferred" }]]),
      inputSources: sources.map(({ info }) => info.path).sort(),
      inputDerivations: new Map(),
      env: new Map(env),
    },
    () => {
      throw new ElsewhereError("PROBE", "A probe has no input derivations");
    },
  );
  const output = derivation.outputs.get("out")!;
  if (output.kind !== "input-addressed")
    throw new ElsewhereError("PROBE", "The output of a probe has no path");
  const drvPath = derivationPath(storeDir, derivation);
  const contents = encodeText(formatDerivation(storeDir, derivation));
  const references = derivation.inputSources;
  const drvFile = carry({ path: drvPath, contents, executable: false, method: "text", references });
  return { derivation, drvPath, output: output.path, sources, drvFile };
}

function carryProgram(
  storeDir: StoreDir,
  name: string,
  program: Buffer | undefined,
): CarriedPath | undefined {
  if (!program) return undefined;
  const nar = narOf(program, true);
  const path = makeContentAddressedPath(storeDir, name, { method: "nar", hash: sha256(nar) });
  return carry({ path, contents: program, executable: true, method: "nar", references: [] });
}

interface Carried {
  readonly path: StorePath;
  readonly contents: Buffer;
  readonly executable: boolean;
  readonly method: ContentAddressMethod;
  readonly references: readonly StorePath[];
}

function carry({ path, contents, executable, method, references }: Carried): CarriedPath {
  const nar = narOf(contents, executable);
  const narHash = sha256(nar);
  const info = {
    path,
    narHash,
    narSize: nar.length,
    references,
    registrationTime: 0,
    ultimate: false,
    signatures: [],
    contentAddress: { method, hash: method === "nar" ? narHash : sha256(contents) },
  };
  return { info, nar };
}

function narOf(contents: Buffer, executable: boolean): Buffer {
  const chunks: Buffer[] = [];
  const writer = new NarWriter((chunk) => chunks.push(Buffer.from(chunk)));
  writer.beginFile("", { executable, size: contents.length });
  writer.contents(contents);
  writer.endFile();
  writer.flush();
  return Buffer.concat(chunks);
}

const PROBE_NAME = "elsewhere-probe";

/** Writes `word value` lines; see `ProbeReport`. What cannot be found out is left out; what the disk has comes last, as bytes. */
const SCRIPT = `exec > "$out"
echo "nonce $nonce"
[ -z "$program" ] || echo "machine $("$program")"
kernel=; family=; cores=0
read -r kernel < /proc/sys/kernel/arch
while read -r word rest; do
  case $word in
    processor) cores=$((cores+1));;
    vendor_id) family=x86_64;;
    CPU) family=aarch64;;
  esac
done < /proc/cpuinfo
[ "$cores" = 0 ] || echo "cores $cores"
while read -r word value rest; do
  case $word in
    MemTotal:) echo "memory $value";;
    MemAvailable:) echo "available $value";;
  esac
done < /proc/meminfo
[ -n "$kernel" ] || kernel=$family
[ -n "$kernel" ] || kernel=$(uname -m)
[ -z "$kernel" ] || echo "kernel $kernel"
if [ -n "$kvm" ]; then if [ -c /dev/kvm ] && (: <> /dev/kvm); then echo "kvm usable"; else echo "kvm unusable"; fi; fi
[ -z "$disk" ] || { echo "disk"; "$disk"; }
:`;

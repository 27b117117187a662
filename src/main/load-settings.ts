import { accessSync, constants, readFileSync } from "node:fs";
import { availableParallelism, homedir } from "node:os";
import { ElsewhereError, messageOf } from "#base/errors.ts";
import { type ConfLine, parseConf } from "#nix/conf.ts";
import { type ResolvedSettings, resolveSettings } from "#nix/settings.ts";
import { type HostFacts, x86LevelOf } from "#nix/system.ts";

export type Environment = { readonly [name: string]: string | undefined };

export interface LoadSettingsOptions {
  readonly env: Environment;
  /** Settings of the command line, which come last: `[name, value]`. */
  readonly overrides?: Iterable<readonly [string, string]>;
  readonly facts?: HostFacts;
}

/** Nix's settings as Nix finds them: system file, user's files, `NIX_CONFIG`, command line. */
export function loadSettings({ facts = hostFacts(), ...options }: LoadSettingsOptions): ResolvedSettings {
  return resolveSettings(loadConfLines(options), facts);
}

/** Their lines, in that order. */
export function loadConfLines({ env, overrides = [] }: Omit<LoadSettingsOptions, "facts">): ConfLine[] {
  const lines = confFiles(env).flatMap((file) =>
    parseConf(readIfThere(file) ?? "", { file, readFile: readIfThere }),
  );
  lines.push(...parseConf(env.NIX_CONFIG ?? "", { file: "NIX_CONFIG", readFile: readIfThere }));
  for (const [name, value] of overrides) lines.push(overrideLine(name, value));
  return lines;
}

/** The files that configure Nix, the weightiest last. Source: Nix manual, "nix.conf". */
export function confFiles(env: Environment): string[] {
  const system = `${env.NIX_CONF_DIR || "/etc/nix"}/nix.conf`;
  return [system, ...userConfFiles(env).reverse()];
}

/** What the defaults depend on, looked up on this machine. */
export function hostFacts(): HostFacts {
  const { platform, arch } = process;
  return {
    platform,
    arch,
    kvm: platform === "linux" && isAccessible("/dev/kvm", constants.R_OK | constants.W_OK),
    rosetta: platform === "darwin" && isAccessible("/Library/Apple/usr/libexec/oah", constants.F_OK),
    appleVirtualization: platform === "darwin" && arch === "arm64",
    x86Level: arch === "x64" && platform === "linux" ? x86LevelOf(processorFlags()) : 1,
    cpus: availableParallelism(),
  };
}

function userConfFiles(env: Environment): string[] {
  if (env.NIX_USER_CONF_FILES !== undefined)
    return env.NIX_USER_CONF_FILES.split(":").filter((path) => path !== "");
  const home = env.XDG_CONFIG_HOME || `${env.HOME || homedir()}/.config`;
  const others = (env.XDG_CONFIG_DIRS || "/etc/xdg").split(":").filter((path) => path !== "");
  return [home, ...others].map((folder) => `${folder}/nix/nix.conf`);
}

function overrideLine(name: string, value: string): ConfLine {
  return { name, value, file: `--option ${name}`, line: 1 };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new ElsewhereError("CANNOT_READ", `Cannot read '${path}': ${messageOf(cause)}`, { cause });
  }
}

function processorFlags(): Set<string> {
  const flags = /^flags\s*:(.*)$/m.exec(readIfThere("/proc/cpuinfo") ?? "")?.[1] ?? "";
  return new Set(flags.trim().split(/\s+/));
}

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

import { messageOf } from "#base/errors.ts";
import { ConfError, type ConfLine } from "./conf.ts";
import {
  assignments,
  count,
  FLAG_SPELLINGS,
  flag,
  jobs,
  list,
  oneOf,
  optionalText,
  type SettingKind,
  set,
  text,
} from "./settings-kind.ts";
import { extraPlatformsOf, type HostFacts, systemFeaturesOf, systemOf } from "./system.ts";

/** The settings that mean something here, by Nix's names, with Nix's defaults. Sizes in bytes, times in seconds. */
const SETTINGS = {
  "allowed-users": set(["*"]),
  "always-allow-substitutes": flag(false),
  /** Ours alone: what happens to a build whose outputs are for another platform. */
  audit: oneOf({ off: "off", warn: "warn", fail: "fail" } as const, () => "warn"),
  "auto-optimise-store": flag(false),
  "build-dir": optionalText(),
  "build-users-group": text(""),
  builders: text("@/etc/nix/machines"),
  "builders-use-substitutes": flag(false),
  "compress-build-log": flag(true),
  /** 0: as long as the system waits, the default before Nix 2.34. */
  "connect-timeout": count(15),
  /** 0: all. */
  cores: count(0),
  "diff-hook": optionalText(),
  "download-attempts": count(5),
  "experimental-features": set([]),
  "extra-platforms": set(extraPlatformsOf),
  fallback: flag(false),
  "filter-syscalls": flag(true),
  "fsync-metadata": flag(true),
  "fsync-store-paths": flag(false),
  "hashed-mirrors": list([]),
  "http-connections": count(25),
  "allowed-impure-host-deps": set([]),
  /** Before the environment where `impureEnvVars` are taken from, with the feature `configurable-impure-env`. */
  "impure-env": assignments(),
  "keep-build-log": flag(true),
  "keep-derivations": flag(true),
  "keep-failed": flag(false),
  "keep-going": flag(false),
  "keep-outputs": flag(false),
  "log-lines": count(25),
  /** 0: any. */
  "max-build-log-size": count(0),
  /** Ours alone: what one build may have of memory, in bytes. 0: any. */
  "max-build-memory": count(0),
  "max-free": count(Number.MAX_SAFE_INTEGER),
  "max-jobs": jobs(1),
  /** 0: any. */
  "max-silent-time": count(0),
  "max-substitution-jobs": count(16),
  "min-free": count(0),
  "min-free-check-interval": count(5),
  "narinfo-cache-negative-ttl": count(3600),
  "narinfo-cache-positive-ttl": count(30 * 24 * 3600),
  "netrc-file": text("/etc/nix/netrc"),
  "post-build-hook": text(""),
  "pre-build-hook": text(""),
  "require-sigs": flag(true),
  "run-diff-hook": flag(false),
  sandbox: oneOf({ ...FLAG_SPELLINGS, relaxed: "relaxed" } as const, ({ platform }) =>
    platform === "linux" ? "true" : "false",
  ),
  "sandbox-build-dir": text("/build"),
  "sandbox-dev-shm-size": text("50%"),
  "sandbox-fallback": flag(true),
  "sandbox-paths": set([]),
  "secret-key-files": list([]),
  "ssl-cert-file": optionalText(),
  "stalled-download-timeout": count(300),
  store: text("auto"),
  substitute: flag(true),
  substituters: list(["https://cache.nixos.org/"]),
  system: text(systemOf),
  "system-features": set(systemFeaturesOf),
  /** 0: any. */
  timeout: count(0),
  "trusted-public-keys": list(["cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY="]),
  "trusted-substituters": set([]),
  "trusted-users": set(["root"]),
  "use-case-hack": flag(({ platform }) => platform === "darwin"),
  "use-cgroups": flag(false),
  "use-xdg-base-directories": flag(false),
} as const;

type SettingName = keyof typeof SETTINGS;
type ValueOf<K> = K extends SettingKind<infer T> ? T : never;

export type Settings = { readonly [Name in SettingName]: ValueOf<(typeof SETTINGS)[Name]> };

export interface ResolvedSettings {
  readonly settings: Settings;
  /** Names that somebody set, under their current names. */
  readonly set: ReadonlySet<string>;
  /** Lines that set what nothing here knows: Nix's other settings, and mistakes. */
  readonly unknown: readonly ConfLine[];
}

/** Applies lines in their order over the defaults of a host. */
export function resolveSettings(lines: Iterable<ConfLine>, facts: HostFacts): ResolvedSettings {
  const values = new Map<string, unknown>();
  for (const [name, kind] of KINDS) values.set(name, kind.initial(facts));
  const unknown: ConfLine[] = [];
  const touched = new Set<string>();
  for (const line of lines) {
    const target = targetOf(line.name);
    if (!target) {
      unknown.push(line);
      continue;
    }
    const { name, kind, extra } = target;
    touched.add(name);
    const value = parseValue(kind, line, facts);
    values.set(name, extra ? kind.append!(values.get(name), value) : value);
  }
  return { settings: Object.fromEntries(values) as Settings, set: touched, unknown };
}

interface Target {
  readonly name: string;
  readonly kind: SettingKind<unknown>;
  /** Whether it adds to what is set. */
  readonly extra: boolean;
}

function targetOf(name: string): Target | undefined {
  const whole = kindOf(name);
  if (whole) return { ...whole, extra: false };
  const stem = name.startsWith("extra-") ? kindOf(name.slice("extra-".length)) : undefined;
  return stem?.kind.append ? { ...stem, extra: true } : undefined;
}

function kindOf(name: string): { name: string; kind: SettingKind<unknown> } | undefined {
  const current = ALIASES.get(name) ?? name;
  const kind = KINDS.get(current);
  return kind && { name: current, kind };
}

function parseValue(kind: SettingKind<unknown>, line: ConfLine, facts: HostFacts): unknown {
  try {
    return kind.parse(line.value, facts);
  } catch (error) {
    throw new ConfError(line, `'${line.name}' is '${line.value}'; ${messageOf(error)}`);
  }
}

const KINDS: ReadonlyMap<string, SettingKind<unknown>> = new Map(
  Object.entries(SETTINGS) as unknown as [string, SettingKind<unknown>][],
);

/** Old names. Source: Nix, the aliases that `nix config show --json` lists. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["binary-cache-public-keys", "trusted-public-keys"],
  ["binary-caches", "substituters"],
  ["binary-caches-parallel-connections", "http-connections"],
  ["build-chroot-dirs", "sandbox-paths"],
  ["build-compress-log", "compress-build-log"],
  ["build-cores", "cores"],
  ["build-fallback", "fallback"],
  ["build-keep-log", "keep-build-log"],
  ["build-max-jobs", "max-jobs"],
  ["build-max-log-size", "max-build-log-size"],
  ["build-max-silent-time", "max-silent-time"],
  ["build-sandbox-paths", "sandbox-paths"],
  ["build-timeout", "timeout"],
  ["build-use-chroot", "sandbox"],
  ["build-use-sandbox", "sandbox"],
  ["build-use-substitutes", "substitute"],
  ["gc-keep-derivations", "keep-derivations"],
  ["gc-keep-outputs", "keep-outputs"],
  ["substitution-max-jobs", "max-substitution-jobs"],
  ["trusted-binary-caches", "trusted-substituters"],
]);

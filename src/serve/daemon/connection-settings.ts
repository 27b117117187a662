import type { BuildSettings } from "#store/realiser.ts";
import { type ClientSettings, MAX_BUILD_MEMORY } from "#wire/daemon/client-settings.ts";
import { limitsOf } from "../build-settings.ts";
import type { ClientRights } from "../client-rights.ts";

/** What a client may choose. */
interface Choice {
  readonly rights: ClientRights;
  readonly knownSubstituters: ReadonlySet<string>;
}

/** What a client may not. */
interface Refused {
  /** Names of settings. */
  readonly restricted: readonly string[];
  /** URIs of substituters. */
  readonly substituters: readonly string[];
}

/** What a client has set for its connection. */
export class ConnectionSettings {
  #build: BuildSettings = {};
  #overrides: ReadonlyMap<string, string> = new Map();

  /** What its builds are to respect. */
  get build(): BuildSettings {
    return this.#build;
  }

  /** Settings of nix.conf that it may change, and has. */
  get overrides(): ReadonlyMap<string, string> {
    return this.#overrides;
  }

  /** Takes over what the client sent, as far as it may; what it may not is returned. */
  apply(sent: ClientSettings, { rights, knownSubstituters }: Choice): Refused {
    const allowed = [...sent.overrides].filter(([name, value]) => rights.maySet(name, value));
    const overrides = new Map(allowed);
    this.#overrides = new Map(allowed.filter(([name]) => !NOT_FOR_A_CONNECTION.has(name)));
    const substituters = rights.isTrusted ? [] : this.#chooseSubstituters(sent, knownSubstituters);
    const number = (name: string) => asCount(overrides.get(name));
    this.#build = {
      ...limitsOf({
        maxSilentTimeS: number("max-silent-time") ?? sent.maxSilentTimeS,
        timeoutS: number("timeout") ?? 0,
        maxLogSizeBytes: number("max-build-log-size") ?? 0,
        maxMemoryBytes: number(MAX_BUILD_MEMORY) ?? 0,
      }),
      keepFailed: sent.keepFailed,
      keepGoing: sent.keepGoing,
      fallback: sent.fallback,
      verbosity: sent.verbosity,
      ...(sent.cores > 0 || number("cores") ? { cores: number("cores") ?? sent.cores } : {}),
      maxJobs: sent.maxJobs,
      useSubstitutes: sent.useSubstitutes,
    };
    const refused = [...sent.overrides.keys()].filter((name) => !overrides.has(name));
    return { restricted: refused.filter((name) => !SILENTLY_IGNORED.has(name)), substituters };
  }

  /** Lets anyone choose among the substituters that this machine knows. Source: Nix, `ClientSettings::apply`. */
  #chooseSubstituters({ overrides }: ClientSettings, known: ReadonlySet<string>): string[] {
    const refused: string[] = [];
    const chosen = new Map(this.#overrides);
    for (const name of SUBSTITUTER_SETTINGS) {
      const wanted = overrides
        .get(name)
        ?.split(/\s+/)
        .filter((uri) => uri !== "");
      if (wanted === undefined) continue;
      const spelled = wanted.map((uri) =>
        known.has(uri) ? uri : known.has(`${uri}/`) ? `${uri}/` : undefined,
      );
      refused.push(...wanted.filter((_, index) => spelled[index] === undefined));
      chosen.set(name, spelled.filter((uri) => uri !== undefined).join(" "));
    }
    this.#overrides = chosen;
    return refused;
  }
}

function asCount(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Anyone may choose by these among what is known here. */
const SUBSTITUTER_SETTINGS = [
  "substituters",
  "binary-caches",
  "extra-substituters",
  "extra-binary-caches",
] as const;
/** What even a trusted client cannot change: it is one for all. Source: the same. */
const NOT_FOR_A_CONNECTION: ReadonlySet<string> = new Set([
  "experimental-features",
  "plugin-files",
  "ssh-auth-sock",
  "store",
]);
/** Refused without a word. Source: the same. */
const SILENTLY_IGNORED: ReadonlySet<string> = new Set([
  "experimental-features",
  "plugin-files",
  "ssh-auth-sock",
  ...SUBSTITUTER_SETTINGS,
]);

import { ElsewhereError } from "#base/errors.ts";
import type { Change, SetupPlan } from "../change.ts";
import { changeFile } from "../file-change.ts";
import type { SetupHost } from "../host.ts";
import { withSettings } from "../text/conf-text.ts";
import type { ClientPaths } from "./client-paths.ts";

export interface UseHookFacts {
  /** Absolute path of the hook. */
  readonly hook: string;
  readonly paths: ClientPaths;
  /** What `nix --version` prints; undefined where there is no Nix. */
  readonly nixVersion: string | undefined;
  readonly restart: readonly Change[];
}

/** Everything that makes Nix send its builds through Elsewhere's hook. */
export function planUseHook(host: SetupHost, { hook, paths, nixVersion, restart }: UseHookFacts): SetupPlan {
  const [major = 0, minor = 0] = versionOf(nixVersion);
  if (/lix/i.test(nixVersion ?? "") && (major > 2 || minor >= LIX_OWN_PROTOCOL_MINOR))
    throw new ElsewhereError(
      "SETUP_LIX",
      `Cannot use the hook with ${nixVersion}: it speaks another protocol with hooks`,
      {
        hint: "use the daemon door: elsewhere setup daemon",
      },
    );
  const deaf = major === 2 && minor >= DEAF_FROM_MINOR && minor < HEARS_AGAIN_MINOR;
  const files = [
    changeFile(host, paths.nixConf, { edit: (text) => withSettings(text, [["build-hook", hook]]) }),
    ...(deaf && paths.system && host.hasSystemd ? [dropIn(host, hook)] : []),
  ].filter((change) => change !== undefined);
  return {
    title: "send Nix's builds through the hook",
    changes: files.length > 0 ? [...files, ...restart] : [],
    notes: deaf && !(paths.system && host.hasSystemd) ? [deafNote(nixVersion!, hook)] : [],
  };
}

/** Nix of those versions takes the setting from the environment, and not from its file. */
function dropIn(host: SetupHost, hook: string) {
  return changeFile(host, "/etc/systemd/system/nix-daemon.service.d/elsewhere.conf", {
    edit: () => `[Service]\nEnvironment="NIX_CONFIG=build-hook = ${hook}"\n`,
  });
}

function deafNote(nixVersion: string, hook: string): string {
  return `${nixVersion} takes no notice of build-hook in nix.conf (2.34 does again): say it where its daemon starts, or for one command\n  NIX_CONFIG='build-hook = ${hook}' nix build …`;
}

function versionOf(text: string | undefined): number[] {
  return (
    /(\d+)\.(\d+)/
      .exec(text ?? "")
      ?.slice(1)
      .map(Number) ?? []
  );
}

/** Source: Nix's own history: the setting got a default that files could not change in 2.13, which 2.34 mended. */
const DEAF_FROM_MINOR = 13;
const HEARS_AGAIN_MINOR = 34;
/** Source: Lix 2.94, release notes. */
const LIX_OWN_PROTOCOL_MINOR = 94;

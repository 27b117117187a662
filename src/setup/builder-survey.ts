import { MalformedError } from "#base/errors.ts";

/** What a machine that we can log in to has of what building needs. */
export interface BuilderSurvey {
  /** Home folder of the user that we log in as. */
  readonly home: string;
  readonly user: string;
  /** Such as `x86_64-linux`. */
  readonly system: string;
  readonly extraPlatforms: readonly string[];
  readonly features: readonly string[];
  readonly cpus: number;
  /** Absolute paths of programs; absent where they are not found. */
  readonly nixDaemon?: string | undefined;
  readonly nixStore?: string | undefined;
  readonly elsewhere?: string | undefined;
  readonly nixVersion?: string | undefined;
  /** The value of Nix's `trusted-users` there. */
  readonly trustedUsers: readonly string[];
  readonly bubblewrap: boolean;
  readonly kvm: boolean;
  /** Lines of the user's authorized_keys. */
  readonly authorized: readonly string[];
}

/**
 * Looked at by a plain shell, which prints `name=value` lines. A shell that was not logged in may lack the folders
 * where Nix is, so they are added.
 */
export const SURVEY_SCRIPT = `
PATH=$PATH:/nix/var/nix/profiles/default/bin:/run/current-system/sw/bin:$HOME/.nix-profile/bin:/usr/local/bin:/opt/elsewhere/bin:$HOME/elsewhere/bin
say() { printf '%s=%s\\n' "$1" "$2"; }
say survey 1
say home "$HOME"
say user "$(id -un)"
say kernel "$(uname -s)"
say machine "$(uname -m)"
say cpus "$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)"
for program in nix-daemon nix-store elsewhere bwrap; do say "$program" "$(command -v $program)"; done
say nix-version "$(nix-store --version 2>/dev/null | head -n 1)"
for command in 'nix config show' 'nix --extra-experimental-features nix-command config show' 'nix --extra-experimental-features nix-command show-config'; do
  conf=$($command 2>/dev/null) && [ -n "$conf" ] && break
done
for name in system extra-platforms system-features trusted-users; do
  say "nix-$name" "$(printf '%s\\n' "$conf" | sed -n "s/^$name = *//p")"
done
[ -r /dev/kvm ] && [ -w /dev/kvm ] && say kvm yes
while IFS= read -r line; do say authorized "$line"; done 2>/dev/null <"$HOME/.ssh/authorized_keys"
say end 1
`;

/** Reads what the script printed; a login that says something of its own around it does no harm. */
export function parseSurvey(text: string): BuilderSurvey {
  const values = new Map(
    text.split("\n").flatMap((line): [string, string][] => {
      const parts = /^([a-z-]+)=(.*)$/.exec(line.trimEnd());
      return parts ? [[parts[1]!, parts[2]!]] : [];
    }),
  );
  if (values.get("survey") !== "1" || values.get("end") !== "1")
    throw new MalformedError("what the builder says of itself", text, "its shell did not run our commands");
  const some = (name: string) => values.get(name) || undefined;
  const words = (name: string) => (values.get(name) ?? "").split(/\s+/).filter((word) => word !== "");
  return {
    home: values.get("home") ?? "/",
    user: values.get("user") ?? "root",
    system: some("nix-system") ?? systemOf(values.get("machine") ?? "", values.get("kernel") ?? ""),
    extraPlatforms: words("nix-extra-platforms"),
    features: words("nix-system-features"),
    cpus: Math.max(1, Number(values.get("cpus")) || 1),
    nixDaemon: some("nix-daemon"),
    nixStore: some("nix-store"),
    elsewhere: some("elsewhere"),
    nixVersion: some("nix-version"),
    trustedUsers: words("nix-trusted-users"),
    bubblewrap: some("bwrap") !== undefined,
    kvm: some("kvm") !== undefined,
    authorized: Array.from(text.matchAll(/^authorized=(.*)$/gm), ([, line]) => line!),
  };
}

function systemOf(machine: string, kernel: string): string {
  const architecture = /^i[3-6]86$/.test(machine) ? "i686" : machine === "arm64" ? "aarch64" : machine;
  return `${architecture}-${kernel.toLowerCase()}`;
}

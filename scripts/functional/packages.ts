import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Two packages as Nix's tests know them: a folder with `bin` in it. One is Nix as it is. In the other Elsewhere stands
 * where Nix is a server: `nix-store --serve`, `nix-daemon` and `nix daemon` are its own, and all else is Nix's.
 */
export interface Packages {
  readonly nix: string;
  readonly elsewhere: string;
}

/** Writes both below `folder`. `program` is Elsewhere, as it is called inside the root with the real Nix. */
export function writePackages(folder: string, program: string): Packages {
  return {
    nix: writePackage(join(folder, "nix"), {
      "nix-store": `${NOT_ITS_OWN}exec -a nix-store ${REAL}/nix-store "$@"`,
      "nix-daemon": `${NOT_ITS_OWN}exec -a nix-daemon ${REAL}/nix-daemon "$@"`,
    }),
    elsewhere: writePackage(join(folder, "elsewhere"), {
      "nix-store": `${NOT_ITS_OWN}case " $* " in *" --serve "*) exec ${program} serve "$@" ;; esac
exec -a nix-store ${REAL}/nix-store "$@"`,
      // A daemon is on its socket unless it is told otherwise. Its version is what the tests take for its age.
      "nix-daemon": `${NOT_ITS_OWN}case " $* " in
  *" --version "*) exec ${REAL}/nix-daemon --version ;;
  *" --stdio "*) exec ${program} serve "$@" ;;
  *) exec ${program} serve --socket "$@" ;;
esac`,
      nix: `if [ "\${1-}" = daemon ]; then skip=1
elif [ "\${3-}" = daemon ] && [ "$1" = --extra-experimental-features ]; then skip=3
else exec -a nix ${REAL}/nix "$@"
fi
shift $skip
exec "\${0%/*}/nix-daemon" "$@"`,
    }),
  };
}

/** Nix's tools, but for those that are scripts. */
function writePackage(folder: string, scripts: { readonly [tool: string]: string }): string {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  for (const tool of TOOLS) {
    const script = scripts[tool];
    if (script === undefined) symlinkSync(`${REAL}/${tool}`, join(bin, tool));
    else writeFileSync(join(bin, tool), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  }
  return folder;
}

/** Where a test's store is behind a server, that server's is not, nor is the store that a test makes to begin with. */
const NOT_ITS_OWN = `case " $* " in
  *" --init "* | *" --serve "* | *" --stdio "*) case \${NIX_REMOTE-} in ssh-ng:*) unset NIX_REMOTE ;; esac ;;
esac
`;

const REAL = "/usr/bin";

const TOOLS = [
  "nix",
  "nix-build",
  "nix-channel",
  "nix-collect-garbage",
  "nix-copy-closure",
  "nix-daemon",
  "nix-env",
  "nix-hash",
  "nix-instantiate",
  "nix-prefetch-url",
  "nix-shell",
  "nix-store",
] as const;

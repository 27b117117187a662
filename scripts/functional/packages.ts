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
  const [nix, elsewhere] = [join(folder, "nix"), join(folder, "elsewhere")];
  for (const name of [nix, elsewhere]) mkdirSync(join(name, "bin"), { recursive: true });
  const shims = shimsFor(program);
  for (const tool of TOOLS) {
    if (tool !== "nix-store") symlinkSync(`${REAL}/${tool}`, join(nix, "bin", tool));
    const file = join(elsewhere, "bin", tool);
    const shim = shims[tool];
    if (shim === undefined) symlinkSync(`${REAL}/${tool}`, file);
    else writeFileSync(file, `#!/bin/sh\n${shim}`, { mode: 0o755 });
  }
  writeFileSync(join(nix, "bin/nix-store"), `#!/bin/sh\n${INIT}exec ${REAL}/nix-store "$@"\n`, {
    mode: 0o755,
  });
  return { nix, elsewhere };
}

/** A test makes its store before there is a server that could be asked to. */
const INIT = 'case "$1" in --init) unset NIX_REMOTE ;; esac\n';

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

function shimsFor(program: string): { readonly [Tool in (typeof TOOLS)[number]]?: string } {
  return {
    "nix-store": `${INIT}case " $* " in *" --serve "*) exec ${program} serve "$@" ;; esac
exec ${REAL}/nix-store "$@"
`,
    // A daemon is on its socket unless it is told otherwise. Its version is what the tests take for its age.
    "nix-daemon": `case " $* " in
  *" --version "*) exec ${REAL}/nix-daemon --version ;;
  *" --stdio "*) exec ${program} serve "$@" ;;
  *) exec ${program} serve --socket "$@" ;;
esac
`,
    nix: `if [ "\${1-}" = daemon ]; then skip=1
elif [ "\${3-}" = daemon ] && [ "$1" = --extra-experimental-features ]; then skip=3
else exec ${REAL}/nix "$@"
fi
shift $skip
exec "\${0%/*}/nix-daemon" "$@"
`,
  };
}

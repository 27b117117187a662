import { cpSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Nix's tests as its build leaves them: a copy of the sources, and what a build would have made of `*.in`. */
export interface TestTree {
  readonly source: string;
  readonly build: string;
  /** Whether they are those of Nix 2.8, which are started in another way. */
  readonly isOld: boolean;
  /** The exit code by which a test says that it was skipped. */
  readonly skippedCode: number;
}

export interface TreeOptions {
  /** Where the tree is made. */
  readonly folder: string;
  /** A static busybox that goes by that name whatever it is called. */
  readonly busybox: string;
  /** The version of Nix. */
  readonly version: string;
}

export function makeTestTree(tests: string, { folder, busybox, version }: TreeOptions): TestTree {
  const source = join(folder, "tests");
  cpSync(tests, source, { recursive: true, verbatimSymlinks: true });
  const isOld = existsSync(join(source, "common.sh.in"));
  const build = isOld ? source : join(folder, "made");
  const words: { readonly [word: string]: string } = {
    bash: "/bin/bash",
    bindir: "/usr/bin",
    coreutils: "/bin",
    dot: "",
    sandbox_shell: busybox,
    PACKAGE_VERSION: version,
    system: "x86_64-linux",
  };
  for (const file of globSync(TEMPLATES, { cwd: source })) {
    const made = join(build, file.slice(0, -".in".length));
    mkdirSync(dirname(made), { recursive: true });
    const text = readFileSync(join(source, file), "utf8");
    const fill = (whole: string, word: string) => words[word] ?? whole;
    writeFileSync(made, text.replaceAll(/@(\w+)@/g, fill));
  }
  return { source, build, isOld, skippedCode: isOld ? 99 : 77 };
}

const TEMPLATES = [
  "config.nix.in",
  "ca/config.nix.in",
  "dyn-drv/config.nix.in",
  "common/subst-vars.sh.in",
  "common.sh.in",
];

import type { Derivation } from "#nix/derivation.ts";

/** What a derivation wants of an input. */
export type Role =
  /** Its builder, or a tool that runs while it is built. */
  | "run"
  /** Compiled or linked into what it makes. */
  | "linked"
  /** Merged into an environment that people and services run programs from. */
  | "member"
  /** Its path is written into the output. */
  | "written"
  /** A closure whose contents are packed: of an image, of a registration. */
  | "packed"
  | "source"
  /** A job among those that a set of jobs is made of: nothing of it is used. */
  | "listed"
  /** Its path is nowhere in the environment. */
  | "unsaid";

/** How an input comes to be in a derivation: the weightiest role, and the attribute that says so. */
export interface RoleFound {
  readonly role: Role;
  /** `buildInputs`, `text`, `builder`, …; undefined where no attribute names it. */
  readonly attribute: string | undefined;
}

/** Finds texts, such as an input's output paths, in what a derivation tells its builder. */
export class RoleFinder {
  /** Attribute and value, structured ones taken apart. */
  readonly #attributes: readonly (readonly [string, string])[];
  readonly #builder: string;

  constructor(derivation: Derivation) {
    this.#builder = derivation.builder;
    this.#attributes = [["args", derivation.args.join("\n")], ...attributesOf(derivation)];
  }

  /** `texts`: the output paths, or what stands for them. */
  find(texts: readonly string[]): RoleFound {
    if (texts.some((text) => this.#builder.startsWith(text))) return { role: "run", attribute: "builder" };
    let best: RoleFound = { role: "unsaid", attribute: undefined };
    for (const [name, value] of this.#attributes) {
      if (!texts.some((text) => value.includes(text))) continue;
      const role = roleOfAttribute(name);
      if (best.attribute === undefined || WEIGHT.indexOf(role) < WEIGHT.indexOf(best.role))
        best = { role, attribute: name };
    }
    return best;
  }
}

function attributesOf({ env }: Derivation): (readonly [string, string])[] {
  const attributes: (readonly [string, string])[] = [];
  for (const [name, value] of env) {
    if (name === "__json") attributes.push(...structured(value));
    else if (!IGNORED.has(name)) attributes.push([name, value]);
  }
  return attributes;
}

function structured(json: string): (readonly [string, string])[] {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([name, inner]) => {
      if (name === "env" && typeof inner === "object" && inner !== null)
        return Object.entries(inner).map(([key, text]) => [key, textOf(text)] as const);
      return IGNORED.has(name) ? [] : [[name, textOf(inner)] as const];
    });
  } catch {
    return [["__json", json]];
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function roleOfAttribute(name: string): Role {
  return ROLES[name] ?? "written";
}

/** The weightiest first. */
const WEIGHT: readonly Role[] = [
  "run",
  "linked",
  "member",
  "packed",
  "written",
  "source",
  "listed",
  "unsaid",
];

/** What these say does not bring anything into the build. */
const IGNORED: ReadonlySet<string> = new Set([
  "disallowedReferences",
  "disallowedRequisites",
  "allowedReferences",
  "allowedRequisites",
  "outputChecks",
]);

/** Source: nixpkgs, "Specifying dependencies", and the arguments of its builders. */
const ROLES: Readonly<Record<string, Role>> = {
  args: "run",
  builder: "run",
  stdenv: "run",
  shell: "run",
  SHELL: "run",
  PATH: "run",
  initialPath: "run",
  nativeBuildInputs: "run",
  propagatedNativeBuildInputs: "run",
  nativeCheckInputs: "run",
  nativeInstallCheckInputs: "run",
  defaultNativeBuildInputs: "run",
  depsBuildBuild: "run",
  depsBuildBuildPropagated: "run",
  depsBuildTarget: "run",
  depsBuildTargetPropagated: "run",
  buildInputs: "linked",
  propagatedBuildInputs: "linked",
  defaultBuildInputs: "linked",
  depsHostHost: "linked",
  depsHostHostPropagated: "linked",
  depsTargetTarget: "linked",
  depsTargetTargetPropagated: "linked",
  configureFlags: "linked",
  cmakeFlags: "linked",
  mesonFlags: "linked",
  makeFlags: "linked",
  NIX_CFLAGS_COMPILE: "linked",
  NIX_LDFLAGS: "linked",
  paths: "member",
  pkgs: "member",
  packages: "member",
  chosenOutputs: "member",
  passedPaths: "member",
  derivations: "member",
  entries: "member",
  exportReferencesGraph: "packed",
  closure: "packed",
  rootPaths: "packed",
  constituents: "listed",
  src: "source",
  srcs: "source",
  patches: "source",
};

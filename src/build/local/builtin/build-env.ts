import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { compareText } from "#base/text.ts";
import { BuildFailure } from "../build-failure.ts";
import type { BuiltinContext } from "./builtin-context.ts";
import { StoreView } from "./store-view.ts";

/** `builtin:buildenv`: one tree of links to what several packages have, as user environments are. */
export async function buildEnvironment(context: BuiltinContext): Promise<void> {
  const { out, variable } = context;
  mkdirSync(out);
  const tree = new LinkTree(new StoreView(context.site.store.storeDir, context.realPathOf), context);
  const packages = parsePackages(variable("derivations"))
    .filter(({ active }) => active)
    .sort((a, b) => a.priority - b.priority || compareText(a.path, b.path));
  for (const { path, priority } of packages) tree.addPackage(path, priority);
  tree.addPropagated();
  symlinkSync(variable("manifest"), `${out}/manifest.nix`);
}

interface Package {
  readonly path: string;
  readonly active: boolean;
  readonly priority: number;
}

/** For each derivation: whether it is active, its priority, how many outputs, and those. Source: Nix, `builtinBuildenv`. */
function parsePackages(text: string): Package[] {
  const words = text.split(/\s+/).filter(Boolean);
  const packages: Package[] = [];
  for (let at = 0; at < words.length; ) {
    const active = words[at++] !== "false";
    const priority = Number(words[at++]);
    const outputs = Number(words[at++]);
    if (!Number.isInteger(priority) || !Number.isInteger(outputs) || at + outputs > words.length)
      throw new BuildFailure("InputRejected", "cannot parse the attribute 'derivations'");
    for (const path of words.slice(at, at + outputs)) packages.push({ path, active, priority });
    at += outputs;
  }
  return packages;
}

/** The links made so far. A later package gives way where its priority number is higher. */
class LinkTree {
  readonly #view: StoreView;
  readonly #context: BuiltinContext;
  readonly #priorities = new Map<string, number>();
  readonly #done = new Set<string>();
  #postponed = new Set<string>();

  constructor(view: StoreView, context: BuiltinContext) {
    this.#view = view;
    this.#context = context;
  }

  addPackage(path: string, priority: number): void {
    if (this.#done.has(path)) return;
    this.#done.add(path);
    this.#link(path, this.#context.out, priority);
    for (const each of this.#propagatedBy(path)) if (!this.#done.has(each)) this.#postponed.add(each);
  }

  /** What packages bring along comes after all that was asked for. */
  addPropagated(): void {
    let priority = PROPAGATED_PRIORITY;
    while (this.#postponed.size > 0) {
      const paths = [...this.#postponed].sort(compareText);
      this.#postponed = new Set();
      for (const path of paths) this.addPackage(path, priority++);
    }
  }

  #propagatedBy(path: string): string[] {
    const file = this.#view.resolve(`${path}/nix-support/propagated-user-env-packages`);
    if (!file || !lstatSync(file.real).isFile()) return [];
    return readFileSync(file.real, "utf8")
      .split(/[ \n]+/)
      .filter(Boolean);
  }

  #link(source: string, target: string, priority: number): void {
    const folder = this.#view.resolve(source);
    if (!folder || !lstatSync(folder.real).isDirectory()) {
      this.#warn(`not including '${source}' in the user environment because it's not a directory`);
      return;
    }
    for (const name of readdirSync(folder.real).sort(compareText)) {
      if (name.startsWith(".")) continue;
      this.#linkEntry(`${source}/${name}`, `${target}/${name}`, priority);
    }
  }

  #linkEntry(source: string, target: string, priority: number): void {
    const found = this.#view.resolve(source);
    if (!found) {
      this.#warn(`skipping dangling symlink '${target}'`);
      return;
    }
    if (LEFT_OUT.some((suffix) => source.endsWith(suffix))) return;
    const there = lstatSync(target, { throwIfNoEntry: false });
    if (lstatSync(found.real).isDirectory()) {
      if (there) {
        if (there.isDirectory()) this.#link(source, target, priority);
        else this.#mergeFolders(source, target, priority);
        return;
      }
    } else if (there?.isDirectory())
      throw new BuildFailure(
        "PermanentFailure",
        `collision between non-directory '${source}' and directory '${target}'`,
      );
    else if (there) {
      const previous = this.#priorities.get(target)!;
      if (previous === priority) throw conflict(readlinkSync(target), source, priority);
      if (previous < priority) return;
      unlinkSync(target);
    }
    symlinkSync(source, target);
    this.#priorities.set(target, priority);
  }

  /** A link to a folder becomes a folder of links once a second package has that folder too. */
  #mergeFolders(source: string, target: string, priority: number): void {
    const first = readlinkSync(target);
    const found = this.#view.resolve(first);
    if (!found || !lstatSync(found.real).isDirectory())
      throw new BuildFailure(
        "PermanentFailure",
        `collision between '${source}' and non-directory '${first}'`,
      );
    unlinkSync(target);
    mkdirSync(target);
    this.#link(first, target, this.#priorities.get(target)!);
    this.#link(source, target, priority);
  }

  #warn(text: string): void {
    this.#context.log({ kind: "message", text: `warning: ${text}` });
  }
}

function conflict(first: string, second: string, priority: number): BuildFailure {
  return new BuildFailure(
    "PermanentFailure",
    `Unable to build profile. There is a conflict for the following files:\n\n  ${first}\n  ${second}`,
    { hint: `Both have priority ${priority}; give one of them another` },
  );
}

const PROPAGATED_PRIORITY = 1000;
const LEFT_OUT = [
  "/propagated-build-inputs",
  "/nix-support",
  "/perllocal.pod",
  "/info/dir",
  "/log",
  "/manifest.nix",
  "/manifest.json",
];

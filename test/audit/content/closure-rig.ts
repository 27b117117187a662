import { Buffer } from "node:buffer";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { auditClosure } from "#audit/content/closure-report.ts";
import { lookInto } from "#audit/content/look.ts";
import type { AuditReport } from "#audit/report/report.ts";
import { drvReader } from "#build/input/drv-reader.ts";
import type { Derivation } from "#nix/derivation.ts";
import { formatDerivation } from "#nix/derivation-aterm.ts";
import { fillOutputPaths } from "#nix/derivation-hash.ts";
import { staticOutputPath } from "#nix/derivation-output.ts";
import { sha256 } from "#nix/hash.ts";
import { DEFAULT_STORE_DIR, type StorePath } from "#nix/store-path.ts";
import type { LocalStore } from "#store/local/local-store.ts";
import { dumpChunks } from "#store/nar/dump-path.ts";
import type { Store } from "#store/store.ts";
import { makeFolder, makeStore } from "../../store/local/local-rig.ts";

/** File to its bytes, or to where a link leads. All files are executable. */
export type Tree = Readonly<Record<string, Uint8Array | { readonly link: string }>>;

/** A store of outputs whose contents are told file by file. */
export class ClosureRig {
  readonly store: LocalStore;
  readonly #folder: string;
  #count = 0;

  private constructor(store: LocalStore, folder: string) {
    this.store = store;
    this.#folder = folder;
  }

  static async open(t: TestContext): Promise<ClosureRig> {
    return new ClosureRig((await makeStore(t, { requireSigs: false })).store, makeFolder(t));
  }

  /** The path that an output will have: for others that refer to it. */
  pathOf(name: string, system: string): StorePath {
    return outputOf(derivationOf(name, system));
  }

  /** Adds the output of a derivation for `system`; the derivation itself only where `told`. */
  async add(
    name: string,
    tree: Tree,
    {
      system,
      references = [],
      told = true,
    }: { system: string; references?: readonly StorePath[]; told?: boolean },
  ): Promise<StorePath> {
    const derivation = derivationOf(name, system);
    const deriver = told ? await this.#addDerivation(derivation) : undefined;
    const path = outputOf(derivation);
    const folder = join(this.#folder, String(this.#count++));
    write(folder, tree);
    const nar = Buffer.concat([...dumpChunks(folder)].map((chunk) => Buffer.from(chunk)));
    const info = {
      path,
      deriver,
      narHash: sha256(nar),
      narSize: nar.length,
      references: [...references].sort(),
      registrationTime: 0,
      ultimate: false,
      signatures: [],
    };
    await this.store.addPaths(one({ info, nar: one(nar) }), { checkSignatures: false });
    return path;
  }

  async audit(root: StorePath, store: Store = this.store): Promise<AuditReport> {
    const infos = await store.queryClosure([root]);
    return await auditClosure(store.storeDir, [root], await lookInto(store, infos, drvReader(store)));
  }

  async #addDerivation(derivation: Derivation): Promise<StorePath> {
    const text = Buffer.from(formatDerivation(DEFAULT_STORE_DIR, derivation));
    const { path } = await this.store.addContent({
      name: `${derivation.name}.drv`,
      method: "text",
      algorithm: "sha256",
      references: [],
      dump: "flat",
      data: one(text),
    });
    return path;
  }
}

export function derivationOf(name: string, system: string): Derivation {
  const bare: Derivation = {
    name,
    system,
    builder: "/bin/sh",
    args: [],
    env: new Map([["out", ""]]),
    inputSources: [],
    inputDerivations: new Map(),
    outputs: new Map([["out", { kind: "deferred" }]]),
  };
  return fillOutputPaths(DEFAULT_STORE_DIR, bare, () => {
    throw new Error("it has no inputs");
  });
}

export function outputOf(derivation: Derivation): StorePath {
  const place = { storeDir: DEFAULT_STORE_DIR, drvName: derivation.name, outputName: "out" };
  return staticOutputPath(derivation.outputs.get("out")!, place)!;
}

function write(folder: string, tree: Tree): void {
  mkdirSync(folder);
  for (const [file, contents] of Object.entries(tree)) {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    if ("link" in contents) symlinkSync(contents.link, path);
    else writeFileSync(path, contents as Uint8Array, { mode: 0o755 });
  }
}

async function* one<T>(item: T): AsyncGenerator<T> {
  yield item;
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { ContentGate } from "#audit/gate/content-gate.ts";
import { parseWaivers, type Waiver } from "#audit/waiver/parse-waivers.ts";
import type { Derivation } from "#nix/derivation.ts";
import { DEFAULT_STORE_DIR, parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import { ClosureRig, derivationOf, outputOf, type Tree } from "../content/closure-rig.ts";
import { MACH_X86_64, makeElf, makeMachO } from "../format/made-binaries.ts";

const LINUX = "x86_64-linux";
const elf = makeElf({ machine: 62, interpreter: "/lib64/ld-linux-x86-64.so.2" });
const mac = makeMachO({ cpu: MACH_X86_64 });
const nix = derivationOf("nix-2.34.7", "x86_64-darwin");
const deps = derivationOf("hydra-perl-deps", LINUX);
const linked: Tree = { "bin/nix-store": { link: `/nix/store/${outputOf(nix)}/bin/nix-store` } };

/** What the gate says of the output of `hydra-perl-deps`, which a system takes by way of hydra. */
async function check(
  rig: ClosureRig,
  tree: Tree,
  { waivers = [], references = [] }: { waivers?: readonly Waiver[]; references?: readonly StorePath[] } = {},
): Promise<string | undefined> {
  const graph = new Map<StorePath, Derivation>();
  const put = (derivation: Derivation, ...inputs: readonly StorePath[]) => {
    const path = parseStorePathBaseName(`${outputOf(derivation).slice(0, 32)}-${derivation.name}.drv`);
    const wanted = { outputs: ["out"], dynamic: new Map() };
    graph.set(path, { ...derivation, inputDerivations: new Map(inputs.map((input) => [input, wanted])) });
    return path;
  };
  const drvPath = put(deps, put(nix));
  const root = put(derivationOf("nixos-system", LINUX), put(derivationOf("hydra-1.0", LINUX), drvPath));
  const path = await rig.add("hydra-perl-deps", tree, { system: LINUX, references });
  const gate = new ContentGate({ storeDir: DEFAULT_STORE_DIR, graph, roots: [root], refuses: true, waivers });
  const derivation = graph.get(drvPath)!;
  return await gate.check({ drvPath, derivation, outputs: new Map([["out", path]]), store: rig.store });
}

test("a link to a Mac's program is told with what it is and how it came", async (t) => {
  const rig = await ClosureRig.open(t);
  const input = await rig.add("nix-2.34.7", { "bin/nix-store": mac }, { system: "x86_64-darwin" });
  assert.equal(
    await check(rig, linked, { references: [input] }),
    "hydra-perl-deps/bin/nix-store leads to nix-2.34.7, which is for x86_64-darwin (Mach-O x86_64); hydra-perl-deps is for x86_64-linux; it came by nixos-system › hydra-1.0 › hydra-perl-deps",
  );
});

test("a Mac's program in the output itself is told, and a right one passes", async (t) => {
  const rig = await ClosureRig.open(t);
  assert.equal(
    await check(rig, { "bin/nix-store": mac }),
    "hydra-perl-deps/bin/nix-store is Mach-O x86_64; this output is for x86_64-linux; it came by nixos-system › hydra-1.0 › hydra-perl-deps",
  );
  const other = await ClosureRig.open(t);
  assert.equal(await check(other, { "bin/nix-store": elf }), undefined);
});

test("what is waived passes", async (t) => {
  const rig = await ClosureRig.open(t);
  const text = '[[waiver]]\nconsumer = "hydra-*"\nfile = "bin/nix-*"\nreason = "runs under emulation"';
  assert.equal(
    await check(rig, { "bin/nix-store": mac }, { waivers: parseWaivers(text, "test") }),
    undefined,
  );
});

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { messageOf } from "#base/errors.ts";
import { sha256 } from "#nix/hash.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { parseStorePathBaseName } from "#nix/store-path.ts";
import { operations } from "#wire/daemon/operations.ts";
import type { TalkingClient } from "../serve/talking-client.ts";
import { addressedSample, fileSample, narOfFile, type Sample } from "../store/local/local-rig.ts";
import { Asker, DRV } from "./rights-asker.ts";

/** A server of the worker protocol, and whoever speaks with it. */
export interface RightsDoor {
  readonly client: TalkingClient;
  /** The minor version that both speak. */
  readonly minor: number;
  /** Where the store directory lies on disk. */
  readonly realStoreDir: string;
}

export interface RightsContract {
  readonly name: string;
  readonly skip: string | false;
  /** Whose answers are expected, where they differ. */
  readonly as: "elsewhere" | "relay" | "nix";
  readonly open: (t: TestContext, trusted: boolean) => Promise<RightsDoor>;
}

/** What clients may do that a server trusts, and those that it does not. */
export function testClientRights({ name, skip, as, open }: RightsContract): void {
  for (const trusted of [true, false])
    for (const act of ACTS) {
      const { since = 0, differs } = act;
      const verdict = (differs?.[as] ?? act)[trusted ? "trusted" : "untrusted"];
      const word = verdict instanceof RegExp ? "may not" : "may";
      const who = trusted ? "who is trusted" : "who is not trusted";
      test(`${name}: ${who} ${word} ${act.what}`, { skip }, async (t) => {
        const { client, minor, realStoreDir } = await open(t, trusted);
        if (minor < since) return t.skip(`it speaks 1.${minor}`);
        const found = await outcomeOf(act.does(new Asker(client, realStoreDir)));
        if (act.isRare && as === "nix" && UNKNOWN.test(`${found}`)) t.skip("it has no such operation");
        else if (verdict instanceof RegExp) assert.match(`${found}`, verdict);
        else assert.deepEqual(found, verdict);
      });
    }
}

/** What came of an act, or the words that it was refused with. */
async function outcomeOf(act: Promise<unknown>): Promise<unknown> {
  try {
    return await act;
  } catch (error) {
    return messageOf(error);
  }
}

/** Words of a refusal, or what an act comes to. */
type Verdict = RegExp | string | boolean | readonly string[] | undefined;

interface Verdicts {
  readonly trusted: Verdict;
  readonly untrusted: Verdict;
}

interface Act extends Verdicts {
  /** Ends "who is trusted may". */
  readonly what: string;
  /** The minor version from which it is answered so. */
  readonly since?: number;
  /** Some releases of Nix do not know the operation. */
  readonly isRare?: true;
  readonly does: (asker: Asker) => Promise<unknown>;
  /** Where a relay cannot know, and where Nix allows more than we do. */
  readonly differs?: { readonly [Who in RightsContract["as"]]?: Verdicts };
}

let count = 0;

/** A path that nothing vouches for. */
function unsigned(): Sample {
  return fileSample("unsigned", `unsigned ${++count}`);
}

/** A path whose name follows from its contents; what else may be claimed of it is. */
function addressed(claims: Partial<PathInfo> = {}): Sample {
  const { info, nar } = addressedSample(`addressed-${++count}`, CONTENTS);
  return { info: { ...info, ...claims }, nar };
}

/** Nix hangs up after these words, which may come before they are read. */
const UNKNOWN = /invalid operation|ended early/;
const UNSIGNED = /lacks a (signature by a trusted key|valid signature)/;
const NO_REPAIR = /repairing is not allowed because you are not in 'trusted-users'/;
const CONTENTS = "as it was";

const ACTS: readonly Act[] = [
  {
    what: "add a path without a signature, who says that none is to be checked",
    does: (asker) => asker.addNar(unsigned(), { unchecked: true }),
    trusted: undefined,
    untrusted: UNSIGNED,
  },
  {
    what: "add a path without a signature, who does not say so",
    does: (asker) => asker.addNar(unsigned()),
    trusted: UNSIGNED,
    untrusted: UNSIGNED,
  },
  {
    what: "add several paths without signatures, who says that none are to be checked",
    does: (asker) => asker.addMultiple(unsigned(), { unchecked: true }),
    trusted: undefined,
    untrusted: UNSIGNED,
  },
  {
    what: "add several paths without signatures, who does not say so",
    does: (asker) => asker.addMultiple(unsigned()),
    trusted: UNSIGNED,
    untrusted: UNSIGNED,
  },
  {
    what: "add a path with the name of another, which its contents do not make",
    does: (asker) =>
      asker.addNar({ ...addressed(), info: { ...addressed().info, path: unsigned().info.path } }),
    trusted: /claims to be content-addressed but isn't|lacks a/,
    untrusted: UNSIGNED,
  },
  {
    what: "add contents that are not what their address says",
    does: (asker) => {
      const nar = narOfFile("other contents");
      const { info } = addressed({ narHash: sha256(nar), narSize: nar.length });
      return asker.addNar({ info, nar }, { unchecked: true });
    },
    trusted: /ca hash mismatch/,
    untrusted: /ca hash mismatch/,
  },
  {
    what: "say that a path was built here",
    does: async (asker) => {
      const sample = addressed({ ultimate: true });
      await asker.addNar(sample, { unchecked: true });
      return await asker.isUltimate(sample.info);
    },
    trusted: true,
    untrusted: false,
  },
  {
    what: "say of several that they were copied, not that they were built here",
    does: async (asker) => {
      const sample = addressed({ ultimate: true });
      await asker.addMultiple(sample, { unchecked: true });
      return await asker.isUltimate(sample.info);
    },
    trusted: false,
    untrusted: false,
  },
  {
    what: "add again, as if it were another, what is valid already",
    does: async (asker) => {
      const { info } = unsigned();
      const path = await asker.addText("valid");
      await asker.addNar({ info: { ...info, path }, nar: narOfFile("not looked at") });
    },
    trusted: undefined,
    untrusted: undefined,
    // Nix looks at signatures first.
    differs: { nix: { trusted: UNSIGNED, untrusted: UNSIGNED } },
  },
  {
    what: "have a path written again",
    does: async (asker) => {
      const sample = addressed();
      await asker.addNar(sample);
      return await asker.afterDamage(sample.info.path, () => asker.addNar(sample, { repair: true }));
    },
    trusted: CONTENTS,
    untrusted: NO_REPAIR,
    // Nix lets anyone take a path away for the time that it takes to write it again.
    differs: { nix: { trusted: CONTENTS, untrusted: CONTENTS } },
  },
  {
    what: "have several paths written again",
    does: async (asker) => {
      const sample = addressed();
      await asker.addMultiple(sample);
      return await asker.afterDamage(sample.info.path, () => asker.addMultiple(sample, { repair: true }));
    },
    trusted: CONTENTS,
    untrusted: NO_REPAIR,
    differs: { nix: { trusted: CONTENTS, untrusted: CONTENTS } },
  },
  {
    what: "have contents written again",
    does: async (asker) => {
      const path = await asker.addText(CONTENTS);
      return await asker.afterDamage(path, () => asker.addText(CONTENTS, { repair: true }));
    },
    trusted: CONTENTS,
    untrusted: NO_REPAIR,
    differs: { nix: { trusted: CONTENTS, untrusted: CONTENTS } },
  },
  {
    what: "add contents",
    does: async (asker) => (await asker.addText("contents")).endsWith("-text"),
    trusted: true,
    untrusted: true,
  },
  {
    what: "add a text",
    does: async (asker) => {
      const request = { name: "old-text", contents: Buffer.from("contents"), references: [] };
      return (await asker.ask(operations.addTextToStore, request)).endsWith("-old-text");
    },
    trusted: true,
    untrusted: true,
  },
  {
    what: "import a path",
    isRare: true,
    does: (asker) => asker.importPath(unsigned()),
    trusted: undefined,
    untrusted: UNSIGNED,
  },
  {
    what: "say which path an output is",
    does: async (asker) => {
      const id = { drvHash: sha256(`derivation ${++count}`), outputName: "out" };
      const fixed = { signatures: [], dependentRealisations: new Map() };
      const realisation = { id, outPath: await asker.addText("an output"), ...fixed };
      await asker.ask(operations.registerDrvOutput, { realisation });
    },
    trusted: undefined,
    untrusted: UNSIGNED,
    differs: {
      relay: { trusted: undefined, untrusted: /cannot be asked to check/ },
      // Nix believes everyone.
      nix: { trusted: undefined, untrusted: undefined },
    },
  },
  {
    what: "add a signature",
    since: 36,
    does: async (asker) => {
      const path = await asker.addText("signed");
      const signatures = [`a:${Buffer.alloc(64).toString("base64")}`];
      await asker.ask(operations.addSignatures, { path, signatures });
    },
    trusted: undefined,
    untrusted: undefined,
  },
  {
    what: "add a build log",
    does: (asker) => asker.upload(operations.addBuildLog, { drvPath: DRV }, Buffer.from("a log")),
    trusted: undefined,
    untrusted: /you are not privileged to add logs/,
  },
  {
    what: "make a permanent root",
    isRare: true,
    does: async (asker) => {
      const path = await asker.addText("kept");
      const link = join(tmpdir(), `elsewhere-kept-${process.pid}`);
      await asker.ask(operations.addPermRoot, { path, link }).finally(() => rmSync(link, { force: true }));
    },
    trusted: undefined,
    untrusted: /you are not privileged to create perm roots/,
  },
  {
    what: "build what is input-addressed",
    does: (asker) => asker.build({ kind: "input-addressed", path: OUT }),
    trusted: undefined,
    untrusted: /you are not privileged to build input-addressed derivations/,
  },
  {
    what: "build what is content-addressed",
    does: (asker) => asker.build({ kind: "floating", method: "nar", algorithm: "sha256" }),
    trusted: undefined,
    untrusted: undefined,
  },
  {
    what: "repair what was built",
    does: async (asker) => {
      await asker.ask(operations.buildPaths, { paths: [], mode: "repair" });
    },
    trusted: undefined,
    untrusted: NO_REPAIR,
  },
  {
    what: "repair what was built, and hear of it",
    does: async (asker) => {
      await asker.ask(operations.buildPathsWithResults, { paths: [], mode: "repair" });
    },
    trusted: undefined,
    untrusted: NO_REPAIR,
  },
  {
    what: "repair the store",
    does: (asker) => asker.ask(operations.verifyStore, { checkContents: false, repair: true }),
    trusted: false,
    untrusted: /you are not privileged to repair paths/,
  },
  {
    what: "verify the store",
    does: (asker) => asker.ask(operations.verifyStore, { checkContents: false, repair: false }),
    trusted: false,
    untrusted: false,
  },
  {
    what: "delete what is alive",
    does: async (asker) => {
      const request = { paths: [], ignoreLiveness: true, bytesMax: undefined };
      await asker.ask(operations.collectGarbage, { action: "return-dead", ...request });
    },
    trusted: /you are not allowed to ignore liveness/,
    untrusted: /you are not allowed to ignore liveness/,
  },
  {
    what: "see which processes keep paths",
    does: async (asker) => {
      await asker.ask(operations.addTempRoot, { path: await asker.addText("in use") });
      const roots = await asker.ask(operations.findRoots, undefined);
      return roots.some(({ link }) => /temp:|\/proc\//.test(link));
    },
    trusted: true,
    untrusted: false,
  },
  ...["timeout", "max-silent-time", "build-poll-interval", "connect-timeout"].map((name) =>
    setting(name, "3", []),
  ),
  setting("builders", "", []),
  ...["builders", "post-build-hook", "sandbox", "trusted-public-keys", "max-jobs"].map((name) =>
    setting(name, name === "max-jobs" ? "1" : name === "sandbox" ? "false" : "x", [name]),
  ),
  setting("substituters", "https://cache.example", ["https://cache.example"]),
  setting("binary-caches", "https://cache.example", ["https://cache.example"]),
  setting("ssh-auth-sock", "/run/agent", []),
  setting("experimental-features", "more", []),
];

/** That only a trusted client may set it; `refused` names what it is told otherwise. */
function setting(name: string, value: string, refused: readonly string[]): Act {
  return {
    what: `say '${name} = ${value}'${refused.length > 0 ? ", or is told that it is ignored" : ""}`,
    // Older ones say it more quietly.
    since: 35,
    does: (asker) => asker.set(name, value),
    trusted: [],
    untrusted: refused,
  };
}

const OUT = parseStorePathBaseName("g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-built");

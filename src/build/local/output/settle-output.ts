import { type ContentAddress, makeContentAddressedPath, outputPathName } from "#nix/content-address.ts";
import { formatHash, type Hash, type HashAlgorithm, hashEquals } from "#nix/hash.ts";
import { HashRewriter } from "#nix/hash-rewriting.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { hashPartOf, type StoreDir, type StorePath } from "#nix/store-path.ts";
import { dumpChunks } from "#store/nar/dump-path.ts";
import { hashPath } from "#store/nar/hash-path.ts";
import { restorePath } from "#store/nar/restore-path.ts";
import { BuildFailure } from "../build-failure.ts";
import { contentsHash } from "./contents-hash.ts";
import type { BuiltOutput } from "./inspect-output.ts";
import { rewritePath } from "./rewriting.ts";

/** An output with its own path, complete, on its way into the store. */
export interface SettledOutput {
  readonly name: string;
  /** Where it lies now. */
  readonly place: string;
  readonly info: PathInfo;
  /** Why it is not what was asked for, although it can be kept as what it is. */
  readonly fault?: BuildFailure;
}

export interface SettleContext {
  readonly storeDir: StoreDir;
  readonly drvName: string;
  readonly drvPath: StorePath;
  /** Printed, for errors. */
  readonly drv: string;
  /** Hash parts of scratch paths to those of final paths, of the outputs settled so far. */
  readonly hashParts: Map<string, string>;
  /** A free place on the store's file system. */
  readonly freePlace: () => Promise<string>;
}

/** Gives an output its path: known before, or made from its contents; where the builder wrote another, contents are rewritten. */
export async function settleOutput(output: BuiltOutput, context: SettleContext): Promise<SettledOutput> {
  switch (output.output.kind) {
    case "fixed":
      return await settleFixed(output, output.output.address, context);
    case "floating":
    case "impure":
      return await settleFloating(output, output.output, context);
    default:
      if (!output.path)
        throw new BuildFailure(
          "InputRejected",
          `the path of output '${output.name}' of '${context.drv}' is not known`,
        );
      return await settleAt(output, { path: output.path }, context);
  }
}

interface Target {
  readonly path: StorePath;
  readonly contentAddress?: ContentAddress;
}

async function settleFixed(
  output: BuiltOutput,
  address: ContentAddress,
  context: SettleContext,
): Promise<SettledOutput> {
  const { method, hash } = address;
  const got = await contentsHash(output.place, { method, algorithm: hash.algorithm });
  if (output.references.length > 0)
    throw new BuildFailure(
      "OutputRejected",
      `fixed-output derivations must not reference store paths: '${context.drv}' is not allowed to refer to other store paths, and references ${output.references.length} distinct paths, e.g. '${context.storeDir}/${output.references[0]}'`,
    );
  if (hashEquals(hash, got))
    return await settleAt(output, { path: output.path!, contentAddress: address }, context);
  // Kept as what it is: once the derivation says the right hash, it need not be fetched again.
  const contentAddress: ContentAddress = { method, hash: got };
  const name = outputPathName(context.drvName, output.name);
  const path = makeContentAddressedPath(context.storeDir, name, contentAddress, { others: [], self: false });
  const settled = await settleAt(output, { path, contentAddress }, context);
  return { ...settled, fault: hashMismatch(context.drv, hash, got) };
}

async function settleFloating(
  output: BuiltOutput,
  { method, algorithm }: Pick<ContentAddress, "method"> & { algorithm: HashAlgorithm },
  context: SettleContext,
): Promise<SettledOutput> {
  const others = output.references
    .filter((path) => path !== output.scratchPath)
    .map((path) => rewritePath(path, context.hashParts));
  const self = output.references.includes(output.scratchPath);
  const place = await rewriteSiblings(output, context);
  const selfHashPart = self ? hashPartOf(output.scratchPath) : undefined;
  const hash = await contentsHash(place, { method, algorithm, selfHashPart });
  const contentAddress: ContentAddress = { method, hash };
  const name = outputPathName(context.drvName, output.name);
  const path = makeContentAddressedPath(context.storeDir, name, contentAddress, {
    others: others.sort(),
    self,
  });
  return await settleAt({ ...output, place }, { path, contentAddress }, context);
}

/** Contents with the final paths of siblings, which are part of what the own path is made from. */
async function rewriteSiblings(output: BuiltOutput, context: SettleContext): Promise<string> {
  const siblings = output.references.filter(
    (path) => path !== output.scratchPath && context.hashParts.has(hashPartOf(path)),
  );
  return siblings.length === 0
    ? output.place
    : await rewriteContents(output.place, context.hashParts, context);
}

async function settleAt(
  output: BuiltOutput,
  { path, contentAddress }: Target,
  context: SettleContext,
): Promise<SettledOutput> {
  const { hashParts } = context;
  if (path !== output.scratchPath) hashParts.set(hashPartOf(output.scratchPath), hashPartOf(path));
  const isRewritten = output.references.some((reference) => hashParts.has(hashPartOf(reference)));
  const place = isRewritten ? await rewriteContents(output.place, hashParts, context) : output.place;
  const nar = isRewritten ? await hashPath(place) : { hash: output.narHash, size: output.narSize };
  const finalName = (reference: StorePath) =>
    reference === output.scratchPath ? path : rewritePath(reference, hashParts);
  const references = [...new Set(output.references.map(finalName))].sort();
  const info: PathInfo = {
    path,
    deriver: context.drvPath,
    narHash: nar.hash,
    narSize: nar.size,
    references,
    registrationTime: 0,
    ultimate: true,
    signatures: [],
    contentAddress,
  };
  return { name: output.name, place, info };
}

async function rewriteContents(
  place: string,
  hashParts: ReadonlyMap<string, string>,
  { freePlace }: SettleContext,
): Promise<string> {
  const target = await freePlace();
  await restorePath(rewritten(place, hashParts), target, { canonical: true });
  return target;
}

async function* rewritten(place: string, hashParts: ReadonlyMap<string, string>): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  const rewriter = new HashRewriter(hashParts, (chunk) => ready.push(chunk));
  for (const chunk of dumpChunks(place)) {
    rewriter.update(chunk);
    yield* ready.splice(0);
  }
  rewriter.end();
  yield* ready;
}

function hashMismatch(drv: string, specified: Hash, got: Hash): BuildFailure {
  return new BuildFailure(
    "OutputRejected",
    `hash mismatch in fixed-output derivation '${drv}':\n  specified: ${formatHash(specified, "sri")}\n     got:    ${formatHash(got, "sri")}`,
  );
}

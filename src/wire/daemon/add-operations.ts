import { MalformedError } from "#base/errors.ts";
import { parseHashAlgorithm } from "#nix/hash.ts";
import type { StorePath } from "#nix/store-path.ts";
import { parseStorePathBaseName } from "#nix/store-path.ts";
import type { Codec, WireContext } from "../codec/codec.ts";
import { choose, mapped, nothing, since } from "../codec/derive.ts";
import { bool, bytes, text, u64 } from "../codec/primitives.ts";
import { struct } from "../codec/struct.ts";
import { type MethodAlgorithm, methodAlgorithm } from "../values/content-address.ts";
import { streamedPathInfo, type UnkeyedPathInfo, unkeyedPathInfo } from "../values/path-info.ts";
import { realisation } from "../values/realisation.ts";
import { storePath, storePathSet } from "../values/store-path.ts";
import { textSet } from "../values/text-set.ts";
import { acknowledgement } from "./acknowledgement.ts";
import { type BodyKind, operation } from "./operation.ts";

/** What `AddToStore` asks for; its body is the contents, flat or as a NAR by the method. */
export interface AddToStoreRequest {
  readonly name: string;
  readonly how: MethodAlgorithm;
  readonly references: readonly StorePath[];
  readonly repair: boolean;
}

const addToStoreRequest: Codec<AddToStoreRequest> = choose(({ version }) =>
  version >= 25 ? framedAddRequest : oldAddRequest,
);
const framedAddRequest = struct({ name: text, how: methodAlgorithm, references: storePathSet, repair: bool });

/** Before 1.25: no references, no text, and SHA-256 of a NAR has a flag of its own. The body is always a NAR. */
const oldAddRequest: Codec<AddToStoreRequest> = mapped(
  struct({ name: text, isFixed: bool, isRecursive: u64, algorithm: text }),
  {
    parse: ({ name, isFixed, isRecursive, algorithm }): AddToStoreRequest => ({
      name,
      how: isFixed
        ? { method: isRecursive === 0 ? "flat" : "nar", algorithm: parseHashAlgorithm(algorithm) }
        : { method: "nar", algorithm: "sha256" },
      references: [],
      repair: false,
    }),
    print: ({ name, how: { method, algorithm }, references }) => {
      if (method === "text" || method === "git" || references.length > 0)
        throw new MalformedError("request", name, "the peer is too old for it: send text as AddTextToStore");
      return {
        name,
        isFixed: !(method === "nar" && algorithm === "sha256"),
        isRecursive: method === "nar" ? 1 : 0,
        algorithm,
      };
    },
  },
);

const sinceFrames = (minor: number, before: BodyKind) => (ctx: WireContext) =>
  ctx.version >= minor ? "frames" : before;

/** The base name of a store path. */
const baseName: Codec<StorePath> = mapped(text, { parse: parseStorePathBaseName, print: (path) => path });

/** Operations that bring contents or facts into a store. */
export const addOperations = {
  addToStore: operation("AddToStore", 7, {
    request: addToStoreRequest,
    requestBody: sinceFrames(25, "nar"),
    /** Before 1.25 the path alone. */
    reply: struct({
      path: storePath,
      info: since<UnkeyedPathInfo | undefined>(
        25,
        unkeyedPathInfo as Codec<UnkeyedPathInfo | undefined>,
        undefined,
      ),
    }),
  }),
  addTextToStore: operation("AddTextToStore", 8, {
    request: struct({ name: text, contents: bytes, references: storePathSet }),
    reply: storePath,
  }),
  addSignatures: operation("AddSignatures", 37, {
    request: struct({ path: storePath, signatures: textSet }),
    reply: acknowledgement,
  }),
  addToStoreNar: operation("AddToStoreNar", 39, {
    request: struct({ info: streamedPathInfo, repair: bool, dontCheckSignatures: bool }),
    requestBody: (ctx) => (ctx.version >= 23 ? "frames" : ctx.version >= 21 ? "pull" : "nar"),
    reply: nothing,
  }),
  registerDrvOutput: operation("RegisterDrvOutput", 42, {
    since: 31,
    request: struct({ realisation }),
    reply: nothing,
  }),
  /** The frames hold `multipleCount`, then for each path a `streamedPathInfo` and its NAR. */
  addMultipleToStore: operation("AddMultipleToStore", 44, {
    since: 32,
    request: struct({ repair: bool, dontCheckSignatures: bool }),
    requestBody: () => "frames",
    reply: nothing,
  }),
  addBuildLog: operation("AddBuildLog", 45, {
    since: 32,
    request: struct({ drvPath: baseName }),
    requestBody: () => "frames",
    reply: acknowledgement,
  }),
} as const;

/** How many paths the frames of `AddMultipleToStore` hold. */
export const multipleCount: Codec<number> = u64;

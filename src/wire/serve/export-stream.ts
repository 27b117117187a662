import { ElsewhereError, MalformedError } from "#base/errors.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Codec } from "../codec/codec.ts";
import { filler, mapped } from "../codec/derive.ts";
import { optional } from "../codec/optional.ts";
import { bits64, bytes, u64 } from "../codec/primitives.ts";
import { struct } from "../codec/struct.ts";
import { optionalStorePath, storePath, storePathSet } from "../values/store-path.ts";

/**
 * An export stream (`nix-store --export`) holds, for each path: `exportNext` true, the NAR, an
 * `exportTrailer`; then `exportNext` false. References come before referrers.
 */
export const exportNext: Codec<boolean> = mapped(u64, {
  parse: (found) => {
    if (found > 1) throw new MalformedError("export stream", `${found}`, "want 0 or 1 where a path begins");
    return found === 1;
  },
  print: (more) => (more ? 1 : 0),
});

/** What an export stream says of a path after its NAR. */
export interface ExportTrailer {
  readonly path: StorePath;
  readonly references: readonly StorePath[];
  readonly deriver: StorePath | undefined;
}

/** `NIXE`. */
const EXPORT_MAGIC = 0x4558494en;

const exportMagic = mapped(bits64, {
  parse: (found) => {
    if (found === EXPORT_MAGIC) return found;
    throw new ElsewhereError("MALFORMED", "Nix archive cannot be imported; wrong format");
  },
  print: (magic: bigint) => magic,
});

export const exportTrailer: Codec<ExportTrailer> = struct({
  magic: filler(exportMagic, EXPORT_MAGIC),
  path: storePath,
  references: storePathSet,
  deriver: optionalStorePath,
  /** A signature that no release checks any more. */
  signature: filler(optional(bytes), undefined),
});

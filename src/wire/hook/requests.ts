import type { Codec } from "../codec/codec.ts";
import { list } from "../codec/collections.ts";
import { mapped } from "../codec/derive.ts";
import { listUntilNoKey } from "../codec/list-until.ts";
import { optional } from "../codec/optional.ts";
import { bool, text } from "../codec/primitives.ts";
import { type StructOf, struct } from "../codec/struct.ts";
import { storePath, storePathSet } from "../values/store-path.ts";
import { textSet } from "../values/text-set.ts";

/**
 * What Nix tells a build hook first: every setting, by its name in nix.conf, as text. Source: Nix,
 * `HookInstance::HookInstance`.
 */
export const hookSettings: Codec<ReadonlyMap<string, string>> = mapped(listUntilNoKey(optional(text), text), {
  parse: (entries): ReadonlyMap<string, string> =>
    new Map(entries.map(({ key, value }) => [key!, value] as const)),
  print: (settings) => Array.from(settings, ([key, value]) => ({ key, value })),
});

/** The word before each build that a hook is asked about. */
export const hookWord: Codec<string> = text;
/** The only word that Nix says. Another, or the end, means that nothing more is asked. */
export const TRY = "try";

const buildFields = {
  /** Nix has a slot free to build it itself. */
  amWilling: bool,
  system: text,
  drvPath: storePath,
  /** What the builder must have: `requiredSystemFeatures`, and what the kind of derivation asks for. */
  requiredFeatures: list(text),
} as const;

/** A build that a hook may take, after `try`. Source: Nix, `tryBuildHook`. */
export type HookBuild = StructOf<typeof buildFields>;
export const hookBuild: Codec<HookBuild> = struct(buildFields);

const detailFields = {
  /** What the build reads: all of it is valid. */
  inputs: storePathSet,
  /** Names of the outputs that are missing. */
  outputs: textSet,
} as const;

/** What a hook is told once it has taken a build; then Nix closes the stream. */
export type HookDetails = StructOf<typeof detailFields>;
export const hookDetails: Codec<HookDetails> = struct(detailFields);

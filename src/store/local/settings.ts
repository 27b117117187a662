import type { Substituter } from "../substituter.ts";
import type { LayoutOptions } from "./layout.ts";

/** What a local store may be told. Names are Nix's settings; what they mean is in its manual. */
export interface LocalSettings {
  /** `require-sigs`: refuse paths with no signature by a trusted key. */
  readonly requireSigs: boolean;
  /** `trusted-public-keys`: `name:base64`. */
  readonly trustedPublicKeys: readonly string[];
  /** `auto-optimise-store`: link equal files as they are added. */
  readonly autoOptimise: boolean;
  /** `keep-outputs`: outputs of live derivations live. */
  readonly keepOutputs: boolean;
  /** `keep-derivations`: derivers of live outputs live. */
  readonly keepDerivations: boolean;
  /** `fsync-metadata`: let the database reach the disk at its checkpoints. */
  readonly fsyncMetadata: boolean;
  /** `fsync-store-paths`: let files reach the disk before they are registered. */
  readonly fsyncStorePaths: boolean;
  /** `compress-build-log`: with the `bzip2` of the machine, when it has one. */
  readonly compressBuildLog: boolean;
  /** Stores to take missing paths from: by their priorities, and where these are equal in this order. */
  readonly substituters: readonly Substituter[];
  /** Told, in a sentence, what a person should know: what verification found, a substituter that fails. */
  readonly report: (text: string) => void;
  /** Closes what the store was opened with. */
  readonly onClose: () => Promise<void>;
}

export interface LocalStoreOptions extends LayoutOptions, Partial<LocalSettings> {
  /** Never write anything. */
  readonly readOnly?: boolean;
}

export function settingsOf(options: Partial<LocalSettings>): LocalSettings {
  return {
    requireSigs: options.requireSigs ?? true,
    trustedPublicKeys: options.trustedPublicKeys ?? [],
    autoOptimise: options.autoOptimise ?? false,
    keepOutputs: options.keepOutputs ?? false,
    keepDerivations: options.keepDerivations ?? true,
    fsyncMetadata: options.fsyncMetadata ?? true,
    fsyncStorePaths: options.fsyncStorePaths ?? false,
    compressBuildLog: options.compressBuildLog ?? true,
    substituters: options.substituters ?? [],
    report: options.report ?? (() => undefined),
    onClose: options.onClose ?? (async () => undefined),
  };
}

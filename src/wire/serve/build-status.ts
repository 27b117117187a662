import type { Codec } from "../codec/codec.ts";
import { constant, mapped } from "../codec/derive.ts";
import { text } from "../codec/primitives.ts";
import { tagged } from "../codec/tagged.ts";

/** How `BuildPaths` ended: 0, or the exit status of `nix-store --realise` and why. */
export interface BuildPathsOutcome {
  readonly exitStatus: number;
  readonly message: string;
}

export const buildPathsOutcome: Codec<BuildPathsOutcome> = tagged({
  variantOf: (exitStatus) =>
    exitStatus === 0
      ? constant({ exitStatus, message: "" })
      : mapped(text, {
          parse: (message) => ({ exitStatus, message }),
          print: (outcome: BuildPathsOutcome) => outcome.message,
        }),
  tagOf: ({ exitStatus }) => exitStatus,
});

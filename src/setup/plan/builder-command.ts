import { ElsewhereError } from "#base/errors.ts";
import { quoteShellWord } from "#transport/shell-words.ts";
import type { BuilderSurvey } from "../builder-survey.ts";

/**
 * What a client's key may run on a builder: Nix's daemon or, where there is only Elsewhere or a store was named,
 * Elsewhere. Throws where there is neither.
 */
export function builderCommand(survey: BuilderSurvey, store: string | undefined): string {
  const { elsewhere, nixDaemon, nixStore } = survey;
  if (elsewhere !== undefined && (store !== undefined || nixDaemon === undefined))
    return `${quoteShellWord(elsewhere)} serve --store ${quoteShellWord(store ?? `${survey.home}/elsewhere-store`)}`;
  if (store !== undefined)
    throw new ElsewhereError(
      "SETUP_NO_ELSEWHERE",
      "Cannot serve a store of its own: Elsewhere is not on the builder",
      {
        hint: "put Elsewhere there, in /opt/elsewhere for one, or leave --store out to use the builder's Nix",
      },
    );
  if (nixDaemon === undefined || nixStore === undefined)
    throw new ElsewhereError(
      "SETUP_NOTHING_BUILDS",
      "Cannot build there: the builder has neither Nix nor Elsewhere",
      {
        hint: "install Nix on it, or put Elsewhere into /opt/elsewhere there with Node 24 and bubblewrap",
      },
    );
  return nixDoor(nixDaemon, nixStore);
}

/** Whichever of its two protocols the client asks for; whatever the login shell is, sh reads it. */
function nixDoor(nixDaemon: string, nixStore: string): string {
  const script = [
    'case "$SSH_ORIGINAL_COMMAND" in',
    `*nix-store*) exec ${quoteShellWord(nixStore)} --serve --write;;`,
    `*) exec ${quoteShellWord(nixDaemon)} --stdio;;`,
    "esac",
  ].join(" ");
  return `/bin/sh -c ${quoteShellWord(script)}`;
}

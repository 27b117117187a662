import { printStorePath } from "#nix/store-path.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { BuildFailure } from "../build-failure.ts";
import type { BuildJob, BuildSite } from "../build-site.ts";

/** The sandbox of a build: the machine's, or none where the derivation asks for that and the settings let it. */
export function sandboxOf(
  { sandbox, plain, settings, store }: BuildSite,
  { options, drvPath }: BuildJob,
): Sandbox {
  if (!options.noChroot || !sandbox.movesPaths) return sandbox;
  if (settings.relaxed) return plain;
  throw new BuildFailure(
    "InputRejected",
    `derivation '${printStorePath(store.storeDir, drvPath)}' has '__noChroot' set, but that's not allowed when 'sandbox' is 'true'`,
  );
}

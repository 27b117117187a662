import { userInfo } from "node:os";
import { ElsewhereError } from "#base/errors.ts";
import type { SetupHost } from "#setup/host.ts";
import { parsePasswd } from "#setup/login-names.ts";
import { planServeHere } from "#setup/plan/serve-here.ts";
import { type PublicKey, parsePublicKey } from "#setup/text/authorized-key.ts";
import type { CommandContext } from "../command-context.ts";
import { UsageError } from "../error-report.ts";
import { settingsFor } from "../setting-flags.ts";
import { type CarryOutFlags, carryOut } from "./carry-out.ts";

export interface ServeHereFlags extends CarryOutFlags {
  readonly key?: readonly string[];
  readonly user?: string;
  readonly store?: string;
}

/** Makes this machine a builder for clients with certain keys. */
export async function serveHere(context: CommandContext, flags: ServeHereFlags): Promise<void> {
  const host = await context.services.setupHost();
  if (!flags.key?.length)
    throw new UsageError(
      "Cannot set up a builder that no key may use",
      "--key 'ssh-ed25519 AAAA… me@laptop', or --key FILE.pub",
    );
  const { settings } = await settingsFor(context, {});
  const user = userOf(host, flags.user);
  const { code } = await host.run(["bwrap", "--version"]);
  const plan = planServeHere(host, {
    program: context.services.programPath(),
    user,
    store: flags.store ?? (host.isRoot ? "/srv/elsewhere" : `${user.home}/elsewhere-store`),
    keys: flags.key.map((text) => keyOf(host, text)),
    hostKey: host.readText("/etc/ssh/ssh_host_ed25519_key.pub")?.split(" ").slice(0, 2).join(" ").trim(),
    system: settings.system,
    features: [...settings["system-features"]].sort(),
    cpus: settings.cores || context.services.cpus(),
    bubblewrap: code === 0,
  });
  await carryOut(context, plan, flags);
}

function userOf(host: SetupHost, name: string | undefined) {
  const known = parsePasswd(host.readText("/etc/passwd") ?? "");
  if (name === undefined) {
    if (host.isRoot)
      throw new UsageError(
        "Cannot set up a builder for root: it would build as root",
        "--user elsewhere makes a user of that name for it",
      );
    return { name: userInfo().username, home: host.home, exists: true };
  }
  const found = known.get(name);
  if (found) return { ...found, exists: true };
  if (!/^[a-z_][a-z0-9_-]{0,30}$/.test(name))
    throw new UsageError(`Cannot make a user '${name}': it is no name for one`);
  if (!host.isRoot || host.platform !== "linux")
    throw new ElsewhereError("SETUP_USER", `Cannot make the user '${name}' here`, {
      hint: "make it by hand, or run this as root on Linux",
    });
  return { name, home: `/var/lib/${name}`, exists: false };
}

/** A key as text, or the file that it is in. */
function keyOf(host: SetupHost, text: string): PublicKey {
  if (/^\S+ AAAA/.test(text)) return parsePublicKey(text);
  const found = host.readText(text);
  if (found === undefined)
    throw new UsageError(
      `Cannot read the key '${text}'`,
      "want a .pub file, or what stands in one: 'ssh-ed25519 AAAA… me@laptop'",
    );
  return parsePublicKey(found);
}

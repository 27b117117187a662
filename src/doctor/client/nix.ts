import { type Check, found, seen } from "../check.ts";
import { cure } from "../cure.ts";
import { isBefore } from "../machine-line/together.ts";
import type { ClientCase } from "./client-case.ts";

export const nix: Check<ClientCase> = {
  link: "nix",
  look: async (client) => {
    const nix = await client.nix();
    if (!nix) return seen("no Nix here: Elsewhere builds .drv files without it");
    if (nix.version === undefined)
      return found("does not run", {
        code: "NIX_BROKEN",
        severity: "fault",
        seen: `'nix --version' ends with status ${nix.ran.code}: ${nix.ran.stderr.trim().split("\n")[0] ?? ""}`,
        why: "Installables are evaluated by it, and its daemon offloads what 'nix build' asks for",
        cure: cure("Install Nix anew, or correct PATH", "command -v nix", "nix --version"),
      });
    const said = nix.ran.stdout.trim();
    if (!isBefore(nix.version, 2, 4)) return seen(said);
    return found(said, {
      code: "NIX_OLD",
      severity: "warning",
      seen: `Nix here is ${nix.version}`,
      why: "ssh-ng:// builders work from 2.4 on",
      cure: cure("Upgrade it, or use ssh:// in the machines file", "sudo nix upgrade-nix"),
    });
  },
};

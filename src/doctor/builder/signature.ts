import { parsePublicKey, TrustedKeys } from "#nix/signature.ts";
import { validSignatures } from "#nix/signature-fingerprint.ts";
import { ABSENT, type Check, found, seen } from "../check.ts";
import { cure } from "../cure.ts";
import type { BuilderCase } from "./builder-case.ts";

/** Whether the key that the builder signs with counts here. */
export const signature: Check<BuilderCase> = {
  link: "signature",
  needs: ["build"],
  look: async (builder) => {
    const { settings } = builder.settings;
    const { store } = await builder.connected();
    const built = (await builder.probed()).flatMap(({ outcome }) =>
      outcome.kind === "built" ? [outcome.info] : [],
    );
    const info = built.find(({ signatures }) => signatures.length > 0);
    if (!info) return ABSENT;
    const names = info.signatures.map((text) => text.slice(0, text.indexOf(":")));
    const keys = settings["trusted-public-keys"];
    const trusted = new TrustedKeys(keys.map(parsePublicKey));
    if (validSignatures(store.storeDir, info, trusted).length > 0)
      return seen(`${names.join(", ")}, which counts here`);
    const namesake = names.find((name) => keys.some((key) => key.startsWith(`${name}:`)));
    return found(`${names.join(", ")}, which does not count here`, {
      code: "SIGNATURE_UNKNOWN",
      severity: "warning",
      seen: namesake
        ? `The builder signs as ${namesake}, with another key than trusted-public-keys has under that name`
        : `The builder signs with the key ${names.join(", ")}, which is not among the trusted-public-keys here`,
      why: "Whoever takes a path from it as from a cache, or with a user who is not trusted, is refused: 'lacks a signature by a trusted key'",
      cure: cure(
        "Print the key's public half on the builder, and make it known here (nix.conf)",
        "nix key convert-secret-to-public < SECRET-KEY-FILE",
        `extra-trusted-public-keys = ${names[0]}:…`,
      ),
    });
  },
};

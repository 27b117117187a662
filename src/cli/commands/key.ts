import { randomBytes } from "node:crypto";
import { Command } from "commander";
import {
  formatPublicKey,
  formatSecretKey,
  makeSecretKey,
  parseSecretKey,
  publicKeyOf,
} from "#nix/signature.ts";
import type { CommandContext } from "../command-context.ts";
import { UsageError } from "../error-report.ts";
import { readAll } from "../read-input.ts";

/** `elsewhere key`: keys that sign store paths. */
export function command({ terminal }: CommandContext): Command {
  return new Command("key")
    .description("Make signing keys for store paths, as Nix has them (ed25519, NAME:BASE64).")
    .addCommand(
      new Command("generate")
        .alias("generate-secret")
        .description("print a new secret key; keep it in a file that only you can read")
        .argument("[name]", "such as cache.example.org-1")
        .option("--key-name <name>", "the name, as in Nix's command")
        .action(async (argument: string | undefined, flags: { keyName?: string }) => {
          const name = argument ?? flags.keyName;
          if (name === undefined)
            throw new UsageError("Cannot make a key without a name", "such as cache.example.org-1");
          await terminal.print(`${formatSecretKey(makeSecretKey(name, randomBytes(SEED_BYTES)))}\n`);
        }),
    )
    .addCommand(
      new Command("convert-secret-to-public")
        .description("print the public key of a secret key on standard input, for trusted-public-keys")
        .action(async () => {
          const secret = parseSecretKey((await readAll(process.stdin)).toString("utf8"));
          await terminal.print(`${formatPublicKey(publicKeyOf(secret))}\n`);
        }),
    )
    .addHelpText(
      "after",
      `
Examples:
  (umask 077; elsewhere key generate my-laptop-1 > ~/.config/nix/secret-key)
  elsewhere key convert-secret-to-public < ~/.config/nix/secret-key
  elsewhere sign -k ~/.config/nix/secret-key -r ./result`,
    );
}

const SEED_BYTES = 32;

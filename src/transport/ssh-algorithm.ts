import { processorFacts } from "./processor-facts.ts";
import { readSshConfiguration, type SshConfiguration } from "./ssh-configuration.ts";

/**
 * Puts what is fast first among the ciphers and key exchanges, each only where the person left them as ssh
 * comes. The host still picks from all the others.
 */
export async function fastAlgorithmArguments(
  program: string,
  asked: Promise<SshConfiguration>,
): Promise<string[]> {
  // Asked beside the person's own configuration: each answer takes ssh some milliseconds.
  defaults ??= readSshConfiguration(program, ["-F", "none", "--", "localhost"]);
  const [configuration, untouched] = await Promise.all([asked, defaults]);
  const ciphers = (await hasAesInstructions()) ? FAST_CIPHERS : [];
  const exchanges = isThisMachine(configuration) ? FAST_EXCHANGES : FAST_SECRET_EXCHANGES;
  const keywords = [
    ["Ciphers", ciphers],
    ["KexAlgorithms", exchanges],
  ] as const;
  return keywords.flatMap(([keyword, fast]) => {
    const chosen = configuration.get(keyword.toLowerCase());
    if (chosen === undefined || chosen !== untouched.get(keyword.toLowerCase())) return [];
    const names = chosen.split(",");
    const first = fast.filter((name) => names.includes(name));
    if (first.length === 0) return [];
    return ["-o", `${keyword}=${[...first, ...names.filter((name) => !first.includes(name))].join(",")}`];
  });
}

async function hasAesInstructions(): Promise<boolean> {
  if (process.platform === "darwin") return true;
  return /^(flags|Features)\s*:.*\baes\b/m.test(await processorFacts());
}

/** A virtual machine's port, say: nobody on a line can record today what a machine of tomorrow would decipher. */
function isThisMachine(configuration: SshConfiguration): boolean {
  const isDirect = ["proxycommand", "proxyjump"].every(
    (name) => (configuration.get(name) ?? "none") === "none",
  );
  return isDirect && /^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(configuration.get("hostname") ?? "");
}

let defaults: Promise<SshConfiguration> | undefined;
/** ChaCha20, ssh's first choice, takes about 1.7 times as long for large paths. */
const FAST_CIPHERS: readonly string[] = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com"];
/** Safe from a quantum computer, at a hundredth of what ssh's first such exchange takes before OpenSSH 10. */
const FAST_SECRET_EXCHANGES: readonly string[] = ["mlkem768x25519-sha256"];
/** Where that is not there, sntrup761 would take 0.1 s of a processor. */
const FAST_EXCHANGES: readonly string[] = [...FAST_SECRET_EXCHANGES, "curve25519-sha256"];

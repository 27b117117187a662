import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** What ssh would do for a host by the person's own configuration: keyword (lower case) to value. */
export type SshConfiguration = ReadonlyMap<string, string>;

/** Asks ssh itself (`ssh -G`), which connects to nothing. Empty when this ssh cannot say. */
export async function readSshConfiguration(
  program: string,
  args: readonly string[],
): Promise<SshConfiguration> {
  try {
    const { stdout } = await promisify(execFile)(program, ["-G", ...args], {
      timeout: ASK_TIMEOUT_MS,
      maxBuffer: ANSWER_BYTES_MAX,
    });
    return parseSshConfiguration(stdout);
  } catch {
    // A configuration that ssh cannot read gets ssh's own words when it is used.
    return new Map();
  }
}

/** The lines of `ssh -G`; the first of a keyword counts. */
export function parseSshConfiguration(text: string): SshConfiguration {
  const configuration = new Map<string, string>();
  for (const line of text.split("\n")) {
    const cut = line.indexOf(" ");
    if (cut < 0) continue;
    const keyword = line.slice(0, cut).toLowerCase();
    if (!configuration.has(keyword)) configuration.set(keyword, line.slice(cut + 1));
  }
  return configuration;
}

/** Whether the person shares connections by a ControlMaster already. */
export function sharesConnections(configuration: SshConfiguration): boolean {
  const path = configuration.get("controlpath");
  return path !== undefined && path !== "none";
}

/** Longest time `ssh -G` may take (it runs `Match exec` commands), in milliseconds. */
const ASK_TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 1 << 20;

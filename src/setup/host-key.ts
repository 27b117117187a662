import { createHash } from "node:crypto";
import { join } from "node:path";
import { ElsewhereError } from "#base/errors.ts";
import type { SetupHost } from "./host.ts";

/** The key by which a host proves who it is, as ssh met it. */
export interface MetHostKey {
  /** `ssh-ed25519 AAAA…` */
  readonly line: string;
  /** `SHA256:…`, as ssh prints it. */
  readonly fingerprint: string;
  /** Whether this user's known_hosts has it already. */
  readonly known: boolean;
}

/** Meets a host as far as its key: no login is needed. Throws where it is not reached, or is not who it was. */
export async function meetHost(host: SetupHost, login: string): Promise<MetHostKey> {
  using folder = host.makeFolder();
  const file = join(folder.path, "known_hosts");
  const met = await knock(host, login, [
    ["StrictHostKeyChecking", "accept-new"],
    ["UserKnownHostsFile", file],
    ["GlobalKnownHostsFile", "/dev/null"],
  ]);
  const line = keyIn(host.readText(file) ?? "");
  if (line === undefined)
    throw new ElsewhereError("SETUP_UNREACHABLE", `Cannot reach ${login}: ${met.stderr.trim()}`, {
      hint: `try it by hand: ssh ${login} true`,
    });
  const own = await knock(host, login, [["StrictHostKeyChecking", "yes"]]);
  if (CHANGED.test(own.stderr))
    throw new ElsewhereError(
      "SETUP_HOST_KEY_CHANGED",
      `Cannot trust ${login}: its host key is not the one that known_hosts has; it shows ${fingerprintOf(line)}`,
      { hint: `if the machine was set up anew: ssh-keygen -R ${hostOf(login)}` },
    );
  return { line, fingerprint: fingerprintOf(line), known: !UNKNOWN.test(own.stderr) };
}

/** As `ssh-keygen -l` prints it. */
function fingerprintOf(line: string): string {
  const blob = Buffer.from(line.split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

async function knock(host: SetupHost, login: string, options: readonly (readonly [string, string])[]) {
  const words = options.flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const own = [
    "BatchMode=yes",
    "ControlPath=none",
    "UpdateHostKeys=no",
    `ConnectTimeout=${CONNECT_TIMEOUT_S}`,
  ];
  // The first value that ssh is given counts: ours before those that the person always adds.
  const [program, ...always] = host.ssh;
  return await host.run(
    [program, ...words, ...own.flatMap((option) => ["-o", option]), ...always, "--", login, "true"],
    { timeoutMs: (CONNECT_TIMEOUT_S + 10) * 1000 },
  );
}

/** The last key of a known_hosts file, without the host that it is for. */
function keyIn(knownHosts: string): string | undefined {
  const fields = knownHosts.trim().split("\n").at(-1)?.split(" ") ?? [];
  return fields.length >= 3 ? `${fields[1]} ${fields[2]}` : undefined;
}

function hostOf(login: string): string {
  const [, host, port] = /^(?:ssh:\/\/)?(?:[^@]*@)?(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(login) ?? [];
  return port === undefined ? (host ?? login) : `'[${host}]:${port}'`;
}

const CHANGED = /REMOTE HOST IDENTIFICATION HAS CHANGED/;
const UNKNOWN = /Host key verification failed|No .* host key is known/;
const CONNECT_TIMEOUT_S = 10;

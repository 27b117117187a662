import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { killProcesses, processTree } from "#sandbox/process-tree.ts";

export interface SshdOptions {
  /** Words before sshd's own, to run it in another root. */
  readonly within?: readonly string[];
  /** More lines of sshd_config. */
  readonly config?: readonly string[];
  /** More lines of the ssh_config that clients use. */
  readonly clientConfig?: readonly string[];
}

/** A real sshd on loopback with keys and configuration of its own, and what a client needs to reach it. */
export interface Sshd extends AsyncDisposable {
  readonly port: number;
  readonly folder: string;
  readonly user: string;
  /** The name that `sshOptions` make known. */
  readonly host: "rig";
  /** Words for ssh, or for NIX_SSHOPTS. */
  readonly sshOptions: readonly string[];
  readonly keyFile: string;
  /** The host's public key line in base64, as the machines file has it. */
  readonly publicHostKey: string;
  /** What sshd said so far. */
  log(): string;
  /** Ends it and every session of it, as a power cut would. */
  kill(): Promise<void>;
}

/** Why tests over sshd must be skipped; false when they need not. */
export const withoutSshd: string | false = existsSync(sshdProgram()) ? false : "sshd is not installed";

export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-sshd-"));
  // sshd looks up a user's keys as that user.
  chmodSync(folder, 0o711);
  const port = await freePort();
  const keyFile = join(folder, "client_key");
  for (const file of [join(folder, "host_key"), keyFile])
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]);
  const hostKey = readFileSync(join(folder, "host_key.pub"), "latin1").trim();
  writeFileSync(join(folder, "authorized_keys"), readFileSync(`${keyFile}.pub`));
  writeFileSync(join(folder, "known_hosts"), `rig ${hostKey}\n[127.0.0.1]:${port} ${hostKey}\n`);
  writeFileSync(join(folder, "sshd_config"), sshdConfig(folder, port, options.config));
  const user = userInfo().username;
  writeFileSync(join(folder, "ssh_config"), clientConfig({ folder, port, user }, options.clientConfig));
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const log = await runSshd([
    ...(options.within ?? []),
    sshdProgram(),
    "-D",
    "-e",
    "-f",
    join(folder, "sshd_config"),
  ]);
  return {
    port,
    folder,
    user,
    host: "rig",
    sshOptions: ["-F", join(folder, "ssh_config")],
    keyFile,
    publicHostKey: Buffer.from(hostKey).toString("base64"),
    log: log.text,
    kill: log.kill,
    [Symbol.asyncDispose]: async () => {
      await log.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function sshdConfig(folder: string, port: number, more: readonly string[] = []): string {
  const lines = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${folder}/host_key`,
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    `PidFile ${folder}/sshd.pid`,
    "UsePAM no",
    "StrictModes no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin yes",
    "PrintMotd no",
  ];
  // sshd takes the first value of a keyword: what a test asks for goes before our defaults.
  return [...more, ...lines, "MaxStartups 1000", "MaxSessions 1000", ""].join("\n");
}

function clientConfig(
  at: { folder: string; port: number; user: string },
  more: readonly string[] = [],
): string {
  return [
    ...more,
    "Host rig",
    "  HostName 127.0.0.1",
    `  Port ${at.port}`,
    `  User ${at.user}`,
    "  HostKeyAlias rig",
    "Host *",
    `  IdentityFile ${at.folder}/client_key`,
    "  IdentitiesOnly yes",
    "  IdentityAgent none",
    `  UserKnownHostsFile ${at.folder}/known_hosts`,
    "  GlobalKnownHostsFile /dev/null",
    "  StrictHostKeyChecking yes",
    "  BatchMode yes",
    "",
  ].join("\n");
}

/** Starts sshd and waits until it listens. */
async function runSshd(
  command: readonly string[],
): Promise<{ text: () => string; stop: () => Promise<void>; kill: () => Promise<void> }> {
  const child = spawn(command[0]!, command.slice(1), { stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("Server listening on")) resolve();
    });
    child.once("error", reject);
    child.once("close", () => reject(new Error(`sshd ended: ${text}`)));
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
    child.stderr.destroy();
  };
  const kill = async () => {
    killProcesses(processTree(child.pid!));
    await exited;
  };
  return { text: () => text, stop, kill };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function sshdProgram(): string {
  return (
    ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"].find((file) => existsSync(file)) ??
    "/usr/sbin/sshd"
  );
}

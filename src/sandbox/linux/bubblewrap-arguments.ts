import { ElsewhereError } from "#base/errors.ts";
import type { Mount, SandboxSpec } from "../sandbox.ts";

export interface ArgumentChoices {
  /** A seccomp program is at `FILTER_FD`. */
  readonly hasFilter: boolean;
  /** False when the mounts are below the root already. */
  readonly withMounts: boolean;
  /** bubblewrap knows `--argv0` (0.9 and later). */
  readonly canNameProgram: boolean;
}

/** What bubblewrap is told through `--args`, in the order in which it acts. */
export function bubblewrapArguments(spec: SandboxSpec, choices: ArgumentChoices): string[] {
  const args = [
    ...NAMESPACES,
    ...(spec.network ? [] : ["--unshare-net"]),
    ...["--bind", spec.root, "/"],
    ...(choices.withMounts ? spec.mounts.flatMap(bind) : []),
    ...DEVICES,
    ...spec.devices.flatMap((device) => ["--dev-bind", device, device]),
    ...["--proc", "/proc", "--chdir", spec.workingDir],
    ...(choices.hasFilter ? ["--seccomp", String(FILTER_FD)] : []),
    ...(choices.canNameProgram ? ["--argv0", spec.argv[0] ?? spec.program] : []),
    "--clearenv",
    ...setEnvironment(spec.env),
  ];
  if (args.length > ARGUMENTS_MAX) throw new TooManyArgumentsError(args.length);
  // They travel with a NUL between them: one inside would begin an argument of the derivation's own choice.
  const broken = args.find((arg) => arg.includes("\0"));
  if (broken !== undefined) throw new NulError(broken);
  return args;
}

/**
 * Nix hands `NAME=VALUE` to the kernel whatever NAME is: a program reads it up to the first `=`, and takes the first of
 * two. What begins with one has no name to be asked for by; bubblewrap would refuse it, and all the rest with it.
 */
function setEnvironment(env: ReadonlyMap<string, string>): string[] {
  const named = new Map<string, string>();
  for (const pair of env) {
    const text = pair.join("=");
    const cut = text.indexOf("=");
    const name = text.slice(0, cut);
    if (cut > 0 && !named.has(name)) named.set(name, text.slice(cut + 1));
  }
  return [...named].flatMap(([name, value]) => ["--setenv", name, value]);
}

/** File descriptors that the sandbox finds open at its start. */
export const STATUS_FD = 3;
export const ARGUMENTS_FD = 4;
export const FILTER_FD = 5;

class NulError extends ElsewhereError {
  constructor(found: string) {
    super("SANDBOX_ARGUMENTS", `Cannot start the sandbox: '${found.slice(0, FOUND_CHARS_MAX)}' has a NUL`, {
      hint: "No program can be given such a variable; take it out of the derivation.",
    });
  }
}

class TooManyArgumentsError extends ElsewhereError {
  constructor(count: number) {
    super(
      "SANDBOX_ARGUMENTS",
      `Cannot start the sandbox: its ${count} arguments are above bubblewrap's limit of ${ARGUMENTS_MAX}`,
      { hint: "The derivation has too many environment variables; use __structuredAttrs." },
    );
  }
}

function bind({ source, target, writable }: Mount): string[] {
  return [writable ? "--bind" : "--ro-bind", source, target];
}

// Ids and host name are those of Nix's sandbox. Source: Nix manual, `sandbox`.
const NAMESPACES = [
  ...["--unshare-user", "--uid", "1000", "--gid", "100"],
  ...["--unshare-pid", "--as-pid-1", "--unshare-ipc", "--unshare-uts", "--hostname", "localhost"],
  ...["--new-session", "--die-with-parent", "--cap-drop", "ALL"],
];
const DEVICES = [
  ...["--dev", "/dev", "--perms", "1777", "--tmpfs", "/dev/shm"],
  // bubblewrap makes all the devices of Nix's list: full, null, random, tty, urandom, zero, pts, ptmx, fd, std*.
];
/** Source: bubblewrap, MAX_ARGS, less what is on the command line itself. */
const ARGUMENTS_MAX = 8900;
const FOUND_CHARS_MAX = 60;

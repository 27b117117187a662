import { formatMachine } from "#nix/machine.ts";
import { quoteShellWord } from "#transport/shell-words.ts";
import type { Change, SetupPlan } from "../change.ts";
import { changeFile } from "../file-change.ts";
import type { SetupHost } from "../host.ts";
import { forcedCommandLine, type PublicKey, withAuthorizedKey } from "../text/authorized-key.ts";

export interface ServeHereFacts {
  /** Absolute path of the program. */
  readonly program: string;
  /** The user whose store it shall be. */
  readonly user: { readonly name: string; readonly home: string; readonly exists: boolean };
  readonly store: string;
  /** Keys of clients. */
  readonly keys: readonly PublicKey[];
  /** This machine's public host key line without its host, where it can be read. */
  readonly hostKey: string | undefined;
  readonly system: string;
  readonly features: readonly string[];
  readonly cpus: number;
  readonly bubblewrap: boolean;
}

/** Everything that makes this machine a builder for clients with certain keys. */
export function planServeHere(host: SetupHost, facts: ServeHereFacts): SetupPlan {
  const { user, keys, store, program } = facts;
  const command = `${quoteShellWord(program)} serve --store ${quoteShellWord(store)}`;
  const lines = keys.map((key) => forcedCommandLine(key, command));
  const authorized = changeFile(host, `${user.home}/.ssh/authorized_keys`, {
    mode: 0o600,
    edit: (text) => lines.reduce(withAuthorizedKey, text),
  });
  const made: readonly Change[] = user.exists ? [] : [makeUser(user)];
  return {
    title: `let ${keys.length === 1 ? "a key" : `${keys.length} keys`} build here as ${user.name}`,
    changes: [
      ...made,
      ...(authorized ? [authorized] : []),
      ...ownershipOf(facts, host, authorized !== undefined),
    ],
    notes: notesOf(host, facts),
  };
}

function makeUser({ name, home }: ServeHereFacts["user"]): Change {
  return {
    kind: "command",
    run: ["useradd", "--system", "--create-home", "--home-dir", home, "--shell", "/bin/sh", name],
    undo: ["userdel", name],
    why: `make the user '${name}', who may log in by these keys only`,
  };
}

/** What root wrote for another user must be that user's, or sshd does not believe it. */
function ownershipOf({ user, store }: ServeHereFacts, host: SetupHost, wrote: boolean): Change[] {
  if (!host.isRoot || user.name === "root") return [];
  const owned = [...(wrote ? [`${user.home}/.ssh`] : []), store];
  return [
    {
      kind: "command",
      run: [
        "sh",
        "-c",
        'mkdir -p "$2"; chown -R "$1": "$2"; [ -z "$3" ] || chown -R "$1": "$3"',
        "sh",
        user.name,
        store,
        owned.length > 1 ? owned[0]! : "",
      ],
      why: `give ${owned.join(" and ")} to ${user.name}`,
    },
  ];
}

function notesOf(
  host: SetupHost,
  { user, hostKey, system, features, cpus, bubblewrap }: ServeHereFacts,
): string[] {
  const line = formatMachine({
    uri: `ssh-ng://${user.name}@${host.hostName}`,
    systems: [system],
    sshKey: "/root/.ssh/elsewhere_ed25519",
    maxJobs: Math.max(1, Math.ceil(cpus / CORES_PER_JOB)),
    speedFactor: 1,
    supportedFeatures: features,
    mandatoryFeatures: [],
    sshPublicHostKey: hostKey === undefined ? undefined : Buffer.from(hostKey).toString("base64"),
    enabled: true,
    source: { file: "", line: 1 },
  });
  return [
    `the line for the machines file of a client, with the name by which it reaches this machine and the file of its key:\n  ${line}`,
    ...(bubblewrap
      ? []
      : [
          "bubblewrap is missing, which the sandbox is made of (on Debian: apt-get install bubblewrap busybox-static)",
        ]),
  ];
}

const CORES_PER_JOB = 2;

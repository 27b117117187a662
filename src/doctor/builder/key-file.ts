import { messageOf } from "#base/errors.ts";
import { quoteShellWord } from "#transport/shell-words.ts";
import { ABSENT, type Check, found, seen } from "../check.ts";
import { cure } from "../cure.ts";
import type { Finding } from "../finding.ts";
import type { BuilderCase } from "./builder-case.ts";
import { kindOfKey } from "./kind-of-key.ts";

/** The private key that the line names. */
export const keyFile: Check<BuilderCase> = {
  link: "key",
  look: (builder) => {
    const file = builder.route.ssh?.settings.keyFile;
    if (file === undefined) return ABSENT;
    const finding = judge(file, builder);
    return finding ? found("cannot be used", finding) : seen(file);
  },
};

function judge(file: string, { outside, machine }: BuilderCase): Finding | undefined {
  const { files, user, env } = outside;
  const place = `${machine.source.file}:${machine.source.line}`;
  const quoted = quoteShellWord(file);
  let text: string | undefined;
  let facts: ReturnType<typeof files.stat>;
  try {
    facts = files.stat(file);
    text = facts?.kind === "folder" ? "" : files.readText(file);
  } catch (error) {
    return {
      code: "KEY_UNREADABLE",
      severity: "fault",
      seen: `${user.name} may not read the key ${file} (${place}): ${messageOf(error)}`,
      why: "ssh goes on without the key, and is refused. The daemon is root, and may read what you may not",
      cure:
        user.uid === 0
          ? cure("See who owns the file and its folders", `ls -l ${quoted}`)
          : cure(
              "Try it as the daemon does; or, for 'elsewhere build', give yourself a key of your own",
              "sudo elsewhere doctor",
              `sudo install -m 600 -o ${user.name} ${quoted} ~/.ssh/`,
            ),
    };
  }
  if (text === undefined || facts === undefined)
    return {
      code: "KEY_MISSING",
      severity: "fault",
      seen: `There is no key ${file}, which ${place} names`,
      why: "ssh goes on with other keys, which the builder may not know",
      cure: cure(
        "Name the right file, or make the key and let the builder know its public half",
        `ssh-keygen -t ed25519 -N '' -f ${quoted}`,
        `ssh-copy-id -i ${quoted}.pub USER@HOST`,
      ),
    };
  const kind = facts.kind === "folder" ? "folder" : kindOfKey(text);
  if (kind === "folder" || kind === "public" || kind === "other")
    return {
      code: "KEY_NOT_PRIVATE",
      severity: "fault",
      seen: `${file} is ${kind === "folder" ? "a folder" : kind === "public" ? "a public key" : "no private key that ssh knows"} (${place})`,
      why: "ssh needs the private half",
      cure: cure("Name the private key", file.replace(/\.pub$/, "")),
    };
  // ssh minds only the modes of files of its own user. Source: OpenSSH 9.2, `sshkey_perm_ok`.
  if (facts.uid === user.uid && (facts.mode & 0o077) !== 0)
    return {
      code: "KEY_MODE",
      severity: "fault",
      seen: `Others may read the key ${file}: its mode is ${facts.mode.toString(8)}`,
      why: "ssh does not use such a key",
      cure: cure("Let only its owner read it", `chmod 600 ${quoted}`),
      fix: { kind: "chmod", why: "let only its owner read the key", file, mode: 0o600 },
    };
  if (kind === "encrypted" && !env.SSH_AUTH_SOCK)
    return {
      code: "KEY_ENCRYPTED",
      severity: "fault",
      seen: `The key ${file} has a passphrase, and there is no agent that could hold it`,
      why: "Nobody is asked for a passphrase in the middle of a build, and a daemon has no agent",
      cure: cure(
        "Use a key without one, which can do nothing but build; or start an agent for yourself",
        `ssh-keygen -t ed25519 -N '' -f ${quoted}-build`,
        `eval $(ssh-agent) && ssh-add ${quoted}`,
      ),
    };
  return undefined;
}

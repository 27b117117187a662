import { ABSENT, type Check, found, seen } from "../check.ts";
import { cure } from "../cure.ts";
import type { Finding } from "../finding.ts";
import type { BuilderCase } from "./builder-case.ts";

/** Whether the shell there leaves the protocol alone. */
export const shell: Check<BuilderCase> = {
  link: "shell",
  needs: ["login"],
  look: async (builder) => {
    if (!builder.route.ssh) return ABSENT;
    const { survey, stderr } = await builder.survey();
    const nologin = nologinFinding(`${survey.noise}\n${stderr}`);
    if (nologin) return found("nologin", nologin);
    if (!survey.isShell)
      return seen("runs one command only (a forced command), so nothing else is looked at there");
    if (survey.noise.trim() === "") return seen("runs commands, and says nothing of its own");
    const first = survey.noise.trim().split("\n")[0]!.slice(0, 60);
    return found("prints before the command starts", {
      code: "SHELL_NOISY",
      severity: "fault",
      seen: `A start-up file of the shell there prints '${first}'`,
      why: "It comes into the protocol: 'protocol mismatch', 'serialised integer … is too large'",
      cure: cure(
        "Let it print only where somebody looks, at the top of .bashrc, .zshenv or /etc/profile there",
        "case $- in *i*) ;; *) return ;; esac",
        `ssh ${builder.route.ssh.settings.host} true | od -c`,
      ),
    });
  },
};

/** For what an account says that may not log in. */
export function nologinFinding(said: string): Finding | undefined {
  const line = said.split("\n").find((one) => NOLOGIN.test(one));
  if (line === undefined) return undefined;
  return {
    code: "SHELL_NOLOGIN",
    severity: "fault",
    seen: `The account there runs nothing: '${line.trim()}'`,
    why: "sshd starts every command, a forced one too, by the account's shell; that is nologin, and its text comes instead of the protocol ('serialised integer … is too large', 'protocol mismatch')",
    cure: cure(
      "Give the account a shell; a forced command keeps the key from anything else",
      "sudo usermod --shell /bin/sh USER",
      'restrict,command="nix-daemon --stdio" ssh-ed25519 AAAA…',
    ),
  };
}

const NOLOGIN = /account is (?:currently )?not available|\/nologin|This account has been disabled/i;

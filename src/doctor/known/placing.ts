import { cure } from "../cure.ts";
import type { KnownMessage } from "./known-message.ts";

/** Why a build goes nowhere, or not where it should. Sources: Nix 2.8 to 2.34, `build-remote.cc`, `machines.cc`, `derivation-goal.cc`. */
export const PLACING: readonly KnownMessage[] = [
  {
    id: "system-required",
    pattern:
      /a '(?<system>[^']+)' with features \{(?<features>[^}]{0,1000})\} is required to build .{1,400}?but I am a '(?<own>[^']+)' with features \{(?<have>[^}]*)\}/s,
    cause:
      "The derivation is for $<system> and requires the features {$<features>}; this machine is $<own> with {$<have>}, and no builder that answers lists both the system and every one of the features",
    cure: cure(
      "List the system and the features in the builder's line (features are field 6, and a builder inherits none), or add a builder that has them",
      "ssh-ng://USER@HOST $<system> - 4 1 $<features>",
      "elsewhere builders",
    ),
  },
  {
    id: "feature-unavailable",
    pattern:
      /[Rr]equired system or feature not available|Reason: (?:platform mismatch|missing system features)/,
    cause:
      "The machine that was asked has not the derivation's system, or lacks a feature that it requires. Remote entries inherit no features: what field 6 does not list, a builder does not have; and what it lists, the builder's own `system-features` must have too",
    cure: cure(
      "Compare what is required with the builder's line, and with the builder's own nix.conf",
      "elsewhere builders",
      "system-features = nixos-test benchmark big-parallel kvm",
    ),
  },
  {
    id: "no-machine",
    wraps: true,
    pattern: /Failed to find a machine for remote build/,
    cause:
      "No builder of the machines file takes this derivation: none lists its system with every feature that it requires, those that do want a mandatory feature that it lacks, or they could not be reached just now (then 'cannot build on' stands above). The table below the message shows the lines as Nix read them",
    cure: cure("See what each builder offers, and prove them", "elsewhere builders", "elsewhere doctor"),
  },
  {
    id: "no-jobs",
    wraps: true,
    pattern: /unable to start any build/,
    cause:
      "`max-jobs` is 0 here and no builder takes the derivation: wrong system, a missing feature (big-parallel, kvm), builders that do not answer, or `builders` set by a user whom the daemon does not trust",
    cure: cure(
      "Prove the builders, or allow builds here for once",
      "elsewhere doctor",
      "nix build --max-jobs 1 …",
    ),
  },
  {
    id: "cannot-build-on",
    wraps: true,
    pattern: /cannot build on '(?<builder>[^']+)'/,
    cause:
      "Nix chose $<builder>, could not use it, and goes on without it until the command ends. The reason follows in the same line, or was said by ssh before it",
    cure: cure("Prove the builder", "elsewhere doctor"),
  },
  {
    id: "upload-lock",
    pattern: /somebody is hogging the upload lock for '(?<builder>[^']+)'/,
    cause:
      "Another build has been sending its inputs to $<builder> for a quarter of an hour; only one may send at a time. A dead connection keeps the lock as well",
    cure: cure(
      "See who holds it; end the process if it is stuck. `builders-use-substitutes = true` lets builders fetch what they can themselves",
      "sudo lslocks | grep upload-lock",
      "builders-use-substitutes = true",
    ),
  },
  {
    id: "waiting-upload-lock",
    pattern: /waiting for the upload lock to '(?<builder>[^']+)'/,
    cause: "Another build sends its inputs to $<builder>; only one may send at a time",
    cure: cure("Wait; `builders-use-substitutes = true` makes it shorter", "builders-use-substitutes = true"),
  },
  {
    id: "machine-jobs",
    pattern:
      /failed to convert column #?(?<column>\d+) in a row: '(?<row>[^']*)' to '?(?:unsigned int|float)/,
    cause:
      "Field $<column> (counted from 0) of the builder's line '$<row>' is no number: a `-` is missing before it, so that all fields stand one place too far left",
    cure: cure(
      "Fields are URI SYSTEMS KEY JOBS SPEED FEATURES MANDATORY HOSTKEY; write `-` for each that is left out",
      "elsewhere doctor --fix",
    ),
  },
  {
    id: "machine-base64",
    pattern: /is not (?:a )?valid base64|invalid character in Base64/i,
    cause:
      "The last field of a builder's line, its public host key, is not in base64: the bare key was written, the line is shifted by a field too many, or base64 broke the line",
    cure: cure(
      "Write the base64 of 'ssh-ed25519 AAAA…', on one line",
      "ssh-keyscan -t ed25519 HOST | cut -d' ' -f2- | base64 -w0",
    ),
  },
  {
    id: "machine-no-uri",
    pattern: /bad machine specification: store URL was not found/,
    cause: "A builder's line begins with a field that is no store URI",
    cure: cure("Begin it with ssh-ng://USER@HOST", "elsewhere doctor"),
  },
  {
    id: "machine-bad",
    pattern: /bad machine specification|Cannot read the machine at/,
    cause: "A line of the machines file cannot be read",
    cure: cure("Let it be shown with line and column", "elsewhere doctor"),
  },
  {
    id: "hook-died",
    pattern:
      /build hook died unexpectedly|the build hook (?:exited|died)|error: reading (?:from|a line).{0,200}build hook/,
    cause:
      "The program that offloads builds (`build-hook`) ended before it answered: it could not be started, or could not read its configuration",
    cure: cure(
      "Look at what it says in the daemon's log, and at the setting",
      "nix config show build-hook",
      "journalctl -u nix-daemon -n 50",
    ),
  },
];

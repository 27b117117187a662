import { cure } from "../cure.ts";
import type { KnownMessage } from "./known-message.ts";

/** What builds say on a machine that is not the right one, or not in order. Sources: Linux, Nix 2.8 to 2.34, QEMU 7.2. */
export const BUILDING: readonly KnownMessage[] = [
  {
    id: "exec-format",
    pattern: /Exec format error/,
    cause:
      "A program for another processor or system was started, and the kernel knows no emulator for it: the builder claims a system that it cannot run (emulation is not registered, or not visible in the sandbox), or a part of the graph is of the wrong platform",
    cure: cure(
      "On NixOS switch emulation on; elsewhere install it with the flag F, so that sandboxes have it; or take the system out of the builder's line",
      'boot.binfmt.emulatedSystems = [ "aarch64-linux" ];',
      "sudo apt-get install qemu-user-static binfmt-support",
      "extra-platforms = aarch64-linux",
    ),
  },
  {
    id: "cannot-execute-binary",
    pattern: /cannot execute binary file|cannot execute: required file not found|Bad CPU type in executable/,
    cause:
      "The build started a program of another platform: something in its inputs was built for the wrong system, a builder claims a system that is not its own, or the program's interpreter is not there",
    cure: cure(
      "Find what is of the wrong platform and how it came in",
      "elsewhere audit PATH.drv",
      "elsewhere doctor",
    ),
  },
  {
    id: "qemu-interpreter",
    pattern: /qemu-\S{1,60}: Could not open '(?<file>[^']+)'/,
    cause:
      "An emulated program wants '$<file>' of its own system, which the builder has not: it is no program of Nix's",
    cure: cure("Build it for that system with Nix, or on a builder that is of that system"),
  },
  {
    id: "no-space",
    pattern: /No space left on device|database or disk is full|ENOSPC/,
    cause:
      "A disk is full, or has no inodes left though bytes are free; or the folder where builds happen is a small tmpfs. When a build ran elsewhere, it is the builder's disk",
    cure: cure(
      "See which, collect garbage, and let the builder keep some room by itself",
      "ssh HOST 'df -h /nix/store /tmp; df -i /nix/store /tmp'",
      "ssh HOST nix-collect-garbage -d",
      "min-free = 5G",
      "max-free = 20G",
    ),
  },
  {
    id: "quota",
    pattern: /Disk quota exceeded|EDQUOT/,
    cause: "The user's quota on that disk is used up",
    cure: cure("Collect garbage or raise the quota", "quota -s"),
  },
  {
    id: "read-only",
    pattern: /Read-only file system/,
    cause: "The disk was mounted read-only; after a fault of the disk Linux does that by itself",
    cure: cure("Look at the kernel's log, and check the disk", "dmesg | grep -i 'remount\\|error' | tail"),
  },
  {
    id: "out-of-memory",
    pattern:
      /Cannot allocate memory|std::bad_alloc|failed due to signal 9|exit code 137|Out of memory|virtual memory exhausted/,
    cause:
      "The builder had no memory left, and the kernel ended the build or something else in its way: too many jobs times too many cores",
    cure: cure(
      "Give the builder fewer jobs (field 4) or cores, or swap",
      "ssh HOST 'sudo dmesg | grep -i -m5 oom; free -h'",
      "cores = 4",
    ),
  },
  {
    id: "too-many-files",
    pattern: /Too many open files|EMFILE/,
    cause: "A process may open no more files: the daemon's limit is low for so many builds or connections",
    cure: cure("Raise the limit of the daemon's unit", "LimitNOFILE=1048576"),
  },
  {
    id: "silent-timeout",
    pattern: /timed out after (?<seconds>\d+) seconds(?<silence> of silence)?/,
    cause:
      "The build was ended after $<seconds> seconds$<silence>: `timeout` or `max-silent-time`, of this machine or of the builder",
    cure: cure("Allow more", "nix build --timeout 0 --max-silent-time 0 …"),
  },
  {
    id: "kvm-unusable",
    pattern:
      /Could not access KVM kernel module|failed to initialize [Kk][Vv][Mm]|\/dev\/kvm.{0,200}(?:Permission denied|No such)/,
    cause:
      "The builder lists the feature kvm and cannot use it: the module is not loaded, virtualisation is off in the firmware (or in the hypervisor around it), or builds may not open /dev/kvm",
    cure: cure(
      "Load the module and let builds open it; else take kvm out of the builder's line",
      "sudo modprobe kvm_intel || sudo modprobe kvm_amd",
      "sudo chmod 666 /dev/kvm",
    ),
  },
  {
    id: "sandbox-namespaces",
    pattern:
      /cloning builder process: Operation not permitted|does not support the kernel namespaces|unshare: .{0,200}Operation not permitted|setting up (?:uid|gid) map/,
    cause:
      "The builder may not make the namespaces that a sandbox needs: they are switched off, or it runs in a container without the right",
    cure: cure(
      "Allow user namespaces; in a container build without a sandbox",
      "sudo sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000",
      "sandbox = false",
    ),
  },
  {
    id: "build-users",
    pattern:
      /group '(?<group>[^']+)' specified in 'build-users-group' does not exist|all build users are currently in use/,
    cause: "The builder has no users to build as, or fewer than jobs",
    cure: cure("Make more, or as many as jobs; or say `auto-allocate-uids`", "getent group nixbld"),
  },
  {
    id: "homeless-shelter",
    pattern: /home directory '\/homeless-shelter' exists/,
    cause: "A build without a sandbox made the folder that must not exist, on the machine that says so",
    cure: cure("Remove it there, and build with a sandbox", "sudo rm -r /homeless-shelter"),
  },
  {
    id: "database",
    pattern:
      /database disk image is malformed|database '?[^ ]*'? is (?:locked|busy)|SQLite database .{0,200} is busy/,
    cause:
      "The store's database is in use by somebody who does not let go, or is damaged (after a full disk or a power cut)",
    cure: cure(
      "If it only says busy, wait; else check it on that machine",
      "nix-store --verify",
      "sqlite3 /nix/var/nix/db/db.sqlite 'pragma integrity_check'",
    ),
  },
  {
    id: "hash-mismatch",
    pattern: /hash mismatch (?:in fixed-output derivation|importing path|in file downloaded)/,
    cause:
      "What came is not what the hash says: the source behind the URL changed, or, while importing, the sender's copy is damaged",
    cure: cure(
      "Correct the hash if the source was meant to change; else repair the sender's copy",
      "nix-store --verify-path PATH",
      "nix-store --repair-path PATH",
    ),
  },
  {
    id: "not-in-store",
    pattern: /path '(?<path>[^']+)' is not in the Nix store/,
    cause:
      "'$<path>' is no path of the store that is asked: the two machines have different store folders, or a relative path was given",
    cure: cure(
      "Use the whole path; builder and client must have the same store folder, usually /nix/store",
      "nix eval --expr builtins.storeDir",
    ),
  },
  {
    id: "path-not-valid",
    pattern: /path '(?<path>[^']+)' is not valid|path '(?<other>[^']+)' does not exist in the store/,
    cause: "The store does not have the path: it was collected meanwhile, or was never sent",
    cure: cure(
      "Build or fetch it again; a root keeps it from being collected",
      "nix-store --realise --add-root ./keep PATH",
    ),
  },
  {
    id: "clock",
    pattern:
      /certificate is not yet valid|certificate has expired|[Cc]lock skew detected|modification time .{0,200} in the future/,
    cause: "A clock is wrong, here or on the builder: certificates and make compare times",
    cure: cure(
      "Set the clock of the machine that says so by the network",
      "timedatectl set-ntp true",
      "date -u; ssh HOST date -u",
    ),
  },
];

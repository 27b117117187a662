import type { CommandEntry } from "./command-context.ts";

const BUILDING = "Building:";
const KNOWING = "Knowing what was built, and why:";
const DOORS = "Nix's own builds through Elsewhere, and setting up:";
const SERVING = "Being a builder or a store:";
const STORES = "Stores:";
const FORMATS = "Derivations, archives and keys:";

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "build",
    group: BUILDING,
    summary: "build derivations on the machines that can build them, and bring the outputs home",
    load: () => import("./commands/build.ts"),
  },
  {
    name: "builders",
    group: BUILDING,
    summary: "list the builders: health, load, speed, memory, disk; drain, resume and probe them",
    load: () => import("./commands/builders.ts"),
  },
  {
    name: "attach",
    group: BUILDING,
    summary: "come back to a build that goes on by itself or in another terminal",
    load: () => import("./commands/attach.ts"),
  },
  {
    name: "ps",
    group: BUILDING,
    summary: "list the builds that go on on this machine",
    load: () => import("./commands/ps.ts"),
  },
  {
    name: "stop",
    group: BUILDING,
    summary: "stop a build that goes on somewhere else on this machine",
    load: () => import("./commands/stop.ts"),
  },
  {
    name: "history",
    group: KNOWING,
    summary: "what was built, where, when and how it ended",
    load: () => import("./commands/history.ts"),
  },
  {
    name: "log",
    group: KNOWING,
    summary: "show the log of a build, wherever it ran",
    load: () => import("./commands/log.ts"),
  },
  {
    name: "why",
    group: KNOWING,
    summary: "how a store path came to be",
    load: () => import("./commands/why.ts"),
  },
  {
    name: "explain",
    group: KNOWING,
    summary: "say of every builder whether it could build a derivation, or why it was chosen",
    load: () => import("./commands/explain.ts"),
  },
  {
    name: "audit",
    group: KNOWING,
    summary: "find what is for the wrong platform, and the way by which it came in",
    load: () => import("./commands/audit.ts"),
  },
  {
    name: "doctor",
    group: KNOWING,
    summary: "prove that offloading works, or say which link is broken and what to type",
    load: () => import("./commands/doctor.ts"),
  },
  {
    name: "hook",
    group: DOORS,
    summary: "Nix's build hook: an unchanged nix build goes through Elsewhere",
    load: () => import("./commands/hook.ts"),
  },
  {
    name: "daemon",
    group: DOORS,
    summary: "be a Nix daemon whose builds go to the builders",
    load: () => import("./commands/daemon.ts"),
  },
  {
    name: "setup",
    group: DOORS,
    summary: "set up a builder, for this machine or on it; shown first, and taken back on demand",
    load: () => import("./commands/setup.ts"),
  },
  {
    name: "serve",
    group: SERVING,
    summary: "be a builder or a store for Nix and for Elsewhere, with no Nix installed",
    load: () => import("./commands/serve.ts"),
  },
  {
    name: "store",
    group: STORES,
    summary: "ask a store whether it answers and what it is",
    load: () => import("./commands/store.ts"),
  },
  {
    name: "copy",
    group: STORES,
    summary: "copy closures between stores",
    load: () => import("./commands/copy.ts"),
  },
  {
    name: "path-info",
    group: STORES,
    summary: "show what a store knows of paths: closure, sizes, signatures",
    load: () => import("./commands/path-info.ts"),
  },
  {
    name: "verify",
    group: STORES,
    summary: "check a store, its files and its signatures",
    load: () => import("./commands/verify.ts"),
  },
  {
    name: "gc",
    group: STORES,
    summary: "delete what no root keeps",
    load: () => import("./commands/gc.ts"),
  },
  {
    name: "sign",
    group: STORES,
    summary: "sign store paths with a secret key",
    load: () => import("./commands/sign.ts"),
  },
  {
    name: "derivation",
    group: FORMATS,
    summary: "show derivations as JSON",
    load: () => import("./commands/derivation.ts"),
  },
  {
    name: "nar",
    group: FORMATS,
    summary: "make, unpack and look into Nix archives",
    load: () => import("./commands/nar.ts"),
  },
  {
    name: "key",
    group: FORMATS,
    summary: "make signing keys",
    load: () => import("./commands/key.ts"),
  },
  {
    name: "completion",
    group: FORMATS,
    summary: "print completions for bash, zsh or fish",
    load: () => import("./commands/completion.ts"),
  },
];

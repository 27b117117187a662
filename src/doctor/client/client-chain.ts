import type { Check } from "../check.ts";
import { services } from "../mac/services.ts";
import { vm } from "../mac/vm.ts";
import { buildersSetting } from "./builders-setting.ts";
import { caches } from "./caches.ts";
import type { ClientCase } from "./client-case.ts";
import { configuration } from "./configuration.ts";
import { coverage } from "./coverage.ts";
import { daemon } from "./daemon.ts";
import { daemonUser } from "./daemon-user.ts";
import { lines } from "./lines.ts";
import { nix } from "./nix.ts";
import { room } from "./room.ts";

/** This machine, from its Nix to what builders it names. */
export const CLIENT_CHAIN: readonly Check<ClientCase>[] = [
  nix,
  configuration,
  services,
  daemon,
  daemonUser,
  buildersSetting,
  lines,
  coverage,
  vm,
  caches,
  room,
];

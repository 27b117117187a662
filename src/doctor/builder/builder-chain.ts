import type { Check } from "../check.ts";
import { build } from "./build.ts";
import type { BuilderCase } from "./builder-case.ts";
import { caches } from "./caches.ts";
import { clock } from "./clock.ts";
import { home } from "./home.ts";
import { keyFile } from "./key-file.ts";
import { login } from "./login.ts";
import { memory } from "./memory.ts";
import { name } from "./name.ts";
import { port } from "./port.ts";
import { protocol } from "./protocol.ts";
import { room } from "./room.ts";
import { shell } from "./shell.ts";
import { signature } from "./signature.ts";
import { trust } from "./trust.ts";

/** A builder, from its name to an output that came home. */
export const BUILDER_CHAIN: readonly Check<BuilderCase>[] = [
  keyFile,
  name,
  port,
  login,
  shell,
  clock,
  room,
  memory,
  protocol,
  trust,
  caches,
  home,
  build,
  signature,
];

import { homedir } from "node:os";
import { join } from "node:path";
import type { Services } from "#cli/services.ts";

/** The composition root of the command line: each part is loaded when a command first asks for it. */
export const services: Services = {
  stateDir: () => join(process.env.XDG_STATE_HOME || join(homedir(), ".local/state"), "elsewhere"),
};

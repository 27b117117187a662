import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Services } from "#cli/services.ts";
import { stateDir } from "./state-dir.ts";

const env = process.env;

/** The composition root of the command line: each part is loaded when a command first asks for it. */
export const services: Services = {
  stateDir: () => stateDir(env),
  settings: async (overrides) => (await import("./load-settings.ts")).loadSettings({ env, overrides }),
  machines: async (settings) => (await import("./load-machines.ts")).loadMachines(settings),
  openStore: async (uri, settings, warn) =>
    (await import("./open-usual-store.ts")).openUsualStore(uri, settings, warn),
  machineSite: async (machine, settings) => (await import("./build-sites.ts")).machineSite(machine, settings),
  localSite: async (store, settings) => (await import("./build-sites.ts")).localSite(store, settings),
  builderBook: async () => (await import("#build/remote/book-file.ts")).openBookFile(stateDir(env)),
  setupHost: async () => (await import("./setup-host.ts")).setupHost,
  startDetached: async (request) =>
    (await import("./start-detached.ts")).startDetached(request, { program: programPath(), env }),
  programPath,
  cpus: availableParallelism,
  slots: async () => (await import("#build/remote/slot-file.ts")).openSlotFile(stateDir(env)),
  rests: async (name) => (await import("#build/remote/rest-file.ts")).openRestFile(stateDir(env), name),
  ledger: async () => {
    const { SqliteLedger } = await import("#ledger/sqlite/sqlite-ledger.ts");
    return new SqliteLedger(join(stateDir(env), "ledger.sqlite"));
  },
  auditBuild: async (options) => (await import("#audit/gate/build-audit.ts")).auditBuild(options),
  hook: async (command, signal) => (await import("./hook.ts")).runHook(command, { env, signal }),
  examine: async (request, signal) => {
    const { examine } = await import("./examine.ts");
    return await examine(request, { env: process.env, signal });
  },
  serve: async (request, signal) => {
    const { serve } = await import("./serve.ts");
    return await serve(request, { env: process.env, signal });
  },
};

/** Beside this file's folder, in a checkout and in the package alike. */
function programPath(): string {
  const here = fileURLToPath(new URL(".", import.meta.url));
  const home = here.replace(/\/(src\/main|dist(\/chunk)?)\/$/, "");
  return join(home, "bin/elsewhere");
}

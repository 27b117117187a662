import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { NIX_SUITES, NixRoot, withoutNix } from "#rig/nix-root.ts";
import { DaemonStore } from "#store/daemon/daemon-store.ts";
import { openCommand } from "#transport/command.ts";
import { testStore } from "../../contract/store.ts";

for (const suite of NIX_SUITES)
  testStore({
    name: `daemon of Nix in ${suite}`,
    skip: withoutNix(suite),
    open: async (t) => {
      const root = new NixRoot(suite, "daemon-contract");
      // Nix 2.8 waits for ever when several processes make one store at the same time.
      await root.run(["nix-store", "--init"]);
      const [first, ...rest] = root.within;
      const store = new DaemonStore({
        uri: `ssh-ng://${suite}`,
        storeDir: DEFAULT_STORE_DIR,
        connect: async () =>
          openCommand([first!, ...rest, "nix-daemon", "--stdio"], { peer: suite, cwd: "/tmp" }),
      });
      t.after(async () => {
        await store[Symbol.asyncDispose]();
        root[Symbol.dispose]();
      });
      return store;
    },
  });

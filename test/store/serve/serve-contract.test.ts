import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { NIX_SUITES, NixRoot, withoutNix } from "#rig/nix-root.ts";
import { ServeStore } from "#store/serve/serve-store.ts";
import { openCommand } from "#transport/command.ts";
import { testStore } from "../../contract/store.ts";

for (const suite of NIX_SUITES)
  testStore({
    name: `nix-store --serve in ${suite}`,
    skip: withoutNix(suite),
    open: async (t) => {
      const root = new NixRoot(suite, "serve-contract");
      // Nix 2.8 waits for ever when several processes make one store at the same time.
      await root.run(["nix-store", "--init"]);
      const [first, ...rest] = root.within;
      const store = new ServeStore({
        uri: `ssh://${suite}`,
        storeDir: DEFAULT_STORE_DIR,
        connect: async (onStderr) =>
          openCommand([first!, ...rest, "nix-store", "--serve", "--write"], {
            peer: suite,
            cwd: "/tmp",
            onStderr,
          }),
      });
      t.after(async () => {
        await store[Symbol.asyncDispose]();
        root[Symbol.dispose]();
      });
      return store;
    },
  });

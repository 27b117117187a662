import { testStore } from "../contract/store.ts";
import { makeStore } from "./local/local-rig.ts";

testStore({ name: "local store", skip: false, open: async (t) => (await makeStore(t)).store });

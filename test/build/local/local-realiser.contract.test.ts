import { realiserContract } from "../../contract/realiser.ts";
import { BuildRig, type RigOptions, withoutSandbox } from "./build-rig.ts";

const open = (options?: RigOptions) => async () => {
  const rig = await BuildRig.open(options);
  return {
    realiser: rig.realiser,
    store: rig.store,
    add: rig.add.bind(rig),
    realPathOf: rig.store.realPathOf.bind(rig.store),
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
};

realiserContract("a local realiser in a sandbox", open(), withoutSandbox);
realiserContract(
  "a local realiser without a sandbox",
  open({ sandbox: "none", inPlace: true }),
  withoutSandbox,
);

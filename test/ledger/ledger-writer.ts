import { thisProcess } from "#ledger/process-identity.ts";
import { SqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { drv } from "../contract/ledger.ts";

/** A process that writes a request of so many builds, each in a transaction of its own. */
const [file, key, count] = process.argv.slice(2);
const ledger = new SqliteLedger(file!);
const said = { principal: "me", command: "elsewhere build", wishes: [], store: "home" };
await ledger.write([
  { kind: "request-began", key: key!, ...said, process: thisProcess(), beganMs: Date.now() },
]);
for (let index = 0; index < Number(count); index++) {
  const drvPath = drv(`build-${index}`);
  await ledger.write([{ kind: "build-planned", request: key!, drvPath, system: "x", atMs: Date.now() }]);
  if (index === 10) process.send!("under way");
  // What kills it must be heard.
  if (index % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
}
await ledger[Symbol.asyncDispose]();
process.disconnect();

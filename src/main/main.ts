import { keepCompiledCode } from "./compile-cache.ts";
import { resolveOwnImportsDirectly } from "./direct-imports.ts";
import { readVersion } from "./version.ts";

const args = process.argv.slice(2);
if (args[0] === "--version") console.log(readVersion());
else {
  keepCompiledCode(process.env);
  resolveOwnImportsDirectly();
  const { run } = await import("./run.ts");
  process.exitCode = await run(args);
}

import { openSlotFile } from "#build/remote/slot-file.ts";

/**
 * A process that shares slots and does as it is told on its standard input: `take SLOTS-MAX`, `give`, `leave`. It
 * answers `took` or `full`, and says `held N` whenever others have taken or given back slots.
 */
const [stateDir, builder] = process.argv.slice(2) as [string, string];
const share = await openSlotFile(stateDir);
const leases: Disposable[] = [];
share.onChange(() => say(`held ${share.held(builder)}`));
say("ready");
let pending = "";
process.stdin.setEncoding("utf8");
for await (const text of process.stdin) {
  pending += text;
  const lines = pending.split("\n");
  pending = lines.pop()!;
  for (const line of lines) await obey(line.split(" "));
}

async function obey([command, ...words]: readonly string[]): Promise<void> {
  if (command === "take") {
    const lease = share.take(builder, Number(words[0]));
    if (lease) leases.push(lease);
    say(lease ? "took" : "full");
  } else if (command === "give") leases.pop()?.[Symbol.dispose]();
  else if (command === "leave") {
    await share[Symbol.asyncDispose]();
    process.exit(0);
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

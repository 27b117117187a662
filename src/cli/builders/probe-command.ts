import { Command } from "commander";
import { systemClock } from "#base/clock.ts";
import { messageOf } from "#base/errors.ts";
import type { BuilderBook, ProbeFinding } from "#build/engine/site/builder-book.ts";
import { type BuildSite, keyOf } from "#build/engine/site/site.ts";
import { probeBuilder } from "#build/probe/probe-builder.ts";
import { newNonce } from "#build/probe/site-probe.ts";
import type { CommandContext } from "../command-context.ts";
import { formatDuration } from "../progress/words.ts";
import { addSettingFlags, type SettingFlags, settingsFor } from "../setting-flags.ts";
import { formatTable } from "../table.ts";
import { listedSites } from "./builder-status.ts";
import { chooseSite } from "./choose-site.ts";

/** `elsewhere builders probe`: what builders really are. */
export function probeCommand(context: CommandContext): Command {
  return addSettingFlags(new Command("probe"))
    .description(
      "Really build something small on builders, for each system that they claim, and read back which processor that " +
        "was, how long it took, memory, free disk and whether kvm can be used: emulation is found, not declared. What is " +
        "found is remembered, and builds are placed by it.",
    )
    .argument("[name...]", "which builders; a part of the name will do. With none: all")
    .option("--builders <machines>", "instead of the 'builders' setting")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      `
Examples:
  elsewhere builders probe
  elsewhere builders probe box --json
Exit code 1: one of them did not build what it claims.`,
    )
    .action((names: string[], _: Flags, command: Command) =>
      // What 'builders' takes too is given to it, wherever it stands.
      run(context, names, command.optsWithGlobals()),
    );
}

interface Flags extends SettingFlags {
  readonly json?: boolean;
}

interface Probed {
  readonly site: BuildSite;
  readonly findings: ReadonlyMap<string, ProbeFinding>;
}

async function run(context: CommandContext, names: readonly string[], flags: Flags): Promise<void> {
  const { services, terminal } = context;
  const settings = await settingsFor(context, flags);
  const listed = await listedSites(context, settings);
  const sites = names.length === 0 ? listed : names.map((name) => chooseSite(listed, name));
  const book = await services.builderBook();
  const probed = await Promise.all(sites.map((site) => probeSite(context, site, book)));
  const findings = probed.flatMap((one) => [...one.findings.values()]);
  if (findings.some(({ passed, kvmUsable }) => !passed || kvmUsable === false)) context.exitWith(1);
  if (flags.json) return await terminal.print(`${JSON.stringify(probed.map(asJson(book)))}\n`);
  const head = ["builder", "system", "built", "on", "time"];
  await terminal.print(formatTable(head, probed.flatMap(rowsOf), terminal.outputColumns()));
  for (const { site, findings: own } of probed)
    for (const [system, { message }] of own)
      if (message !== undefined) terminal.error(`${site.traits.name}, ${system}: ${message}\n`);
}

async function probeSite({ signal }: CommandContext, site: BuildSite, book: BuilderBook): Promise<Probed> {
  const key = keyOf(site);
  const clock = systemClock;
  try {
    await using connected = await site.connect(signal);
    const findings = await probeBuilder(site, connected, { clock, signal, book, nonce: newNonce });
    book.recovered(key);
    return { site, findings };
  } catch (error) {
    signal.throwIfAborted();
    const message = messageOf(error);
    book.failed(key, clock.now(), message);
    const finding = { atMs: clock.now(), passed: false, message };
    return { site, findings: new Map(site.traits.systems.map((system) => [system, finding])) };
  }
}

function rowsOf({ site, findings }: Probed): string[][] {
  return Array.from(findings, ([system, { passed, machine, emulated, durationMs }]) => [
    site.traits.name,
    system,
    passed ? "yes" : "NO",
    machine === undefined ? "-" : emulated ? `${machine}, by emulation` : machine,
    durationMs === undefined ? "-" : formatDuration(durationMs),
  ]);
}

function asJson(book: BuilderBook) {
  return ({ site, findings }: Probed) => ({
    name: site.traits.name,
    uri: keyOf(site),
    systems: Object.fromEntries(findings),
    machine: book.pageOf(keyOf(site)).machine ?? null,
  });
}

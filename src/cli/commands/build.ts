import { Command, Option } from "commander";
import { obtainPaths } from "#build/engine/obtain-paths.ts";
import type { OutputGate } from "#build/engine/output-gate.ts";
import { realise } from "#build/engine/realise.ts";
import { FETCH_POLICIES, type RealiseReport, type RealiseRequest } from "#build/engine/realise-request.ts";
import type { Origin } from "#build/events.ts";
import { checkRunId } from "#build/journal/run-folder.ts";
import type { RunJournal } from "#build/journal/run-journal.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import type { BuildFlags } from "../build/build-flags.ts";
import { printDryRun } from "../build/dry-run.ts";
import { buildExitCode } from "../build/exit-code.ts";
import { openGate } from "../build/gate.ts";
import { journalled } from "../build/journal.ts";
import { openView, unseenView } from "../build/open-view.ts";
import { makeLinks } from "../build/out-links.ts";
import { beginRecord, type Recorded } from "../build/record.ts";
import { reportJson } from "../build/report-json.ts";
import { type PreparedRequest, prepareRequest } from "../build/request.ts";
import type { CommandContext } from "../command-context.ts";
import { ReportedError } from "../error-report.ts";
import { addEvaluationFlags } from "../evaluation-flags.ts";
import { jsonLogTerminal, reportAsJson } from "../progress/json-log.ts";
import { LOG_FORMATS } from "../progress/run-view.ts";
import { type SharedTerminal, shareTerminal } from "../progress/shared-terminal.ts";
import { printSummary } from "../progress/summary/summary.ts";
import { addBuildFlags, addSettingFlags, settingsFor } from "../setting-flags.ts";

/** `elsewhere build`: the main job. */
export function command(context: CommandContext): Command {
  const build = addEvaluationFlags(
    new Command("build")
      .description(
        "Build derivations on the machines that can build them, and bring the outputs home.\n\n" +
          "INSTALLABLE is a flake reference (.#hello, .#hello^dev), an attribute path with -f or -E, a derivation in " +
          "the store (/nix/store/…-x.drv, …-x.drv^out), any other store path (it is fetched), a .drv file outside any " +
          "store (its inputs are read from the folder that it lies in), or a file of derivation JSON ('-' reads it " +
          "from standard input). Flakes and expressions are evaluated by the installed Nix; for everything else no Nix " +
          "is needed.",
      )
      .argument(
        "[installable...]",
        "what to build; with nothing: the flake in this folder, or all of -f or -E",
      ),
  )
    .option("-o, --out-link <prefix>", "name of the result links", "result")
    .option("--no-link", "make no result links")
    .addOption(
      new Option(
        "--fetch <what>",
        "what comes home: every built output, what was asked for, or nothing",
      ).choices(FETCH_POLICIES),
    )
    .option("--dry-run", "show what would be built, and by whom, and build nothing")
    .option("--print-out-paths", "print the paths that were asked for")
    .option("--json", "print what was built, where and from what as JSON")
    .option("-L, --print-build-logs", "show the log of every build")
    .addOption(
      new Option("--log-format <format>", "how to show it: for people, or for programs as Nix does").choices(
        LOG_FORMATS,
      ),
    )
    .option("--detach", "leave it to a process of its own, and print the name of the run")
    .addOption(new Option("--run-id <id>").argParser(checkRunId).hideHelp());
  return addBuildFlags(addSettingFlags(build))
    .addHelpText("after", EXAMPLES)
    .action((installables: string[], flags: BuildFlags) => run(context, installables, flags));
}

async function run(given: CommandContext, installables: readonly string[], flags: BuildFlags): Promise<void> {
  if (flags.detach && !flags.dryRun) {
    const { detach } = await import("../build/detach.ts");
    return await detach(given, installables);
  }
  if (flags.logFormat !== "internal-json") return await build(given, installables, flags);
  const context = { ...given, terminal: jsonLogTerminal(given.terminal) };
  try {
    await build(context, installables, flags);
  } catch (error) {
    reportAsJson(context.signal.aborted ? context.signal.reason : error, given.terminal);
    throw new ReportedError(error);
  }
}

async function build(
  given: CommandContext,
  installables: readonly string[],
  flags: BuildFlags,
): Promise<void> {
  const terminal = shareTerminal(given.terminal);
  const context = { ...given, terminal };
  const settings = await settingsFor(context, flags);
  await using prepared = await prepareRequest(context, { installables, flags, settings });
  const { request, paths } = prepared;
  const { name, store } = request.destination;
  // Where there is no Nix, the outputs lie where nobody would look for them.
  if (flags.store === undefined && name.includes("root=") && !flags.quiet)
    terminal.error(`there is no Nix store here that you may write: building into ${name}\n`);
  if (flags.dryRun)
    return await printDryRun(context, { request: { ...request, events: () => undefined }, paths }, flags);
  const gate = await openGate(context, request, settings);
  const asked = { installables, flags, storeDir: store.storeDir };
  context.exitWith(
    await journalled(context, asked, (journal) =>
      realiseAndShow(context, prepared, { installables, flags, journal, gate }),
    ),
  );
}

/** Builds, shows it, makes links and prints what was asked for; the exit code. */
async function realiseAndShow(
  context: CommandContext & { readonly terminal: SharedTerminal },
  { request: prepared, paths }: PreparedRequest,
  asked: {
    readonly installables: readonly string[];
    readonly flags: BuildFlags;
    readonly journal: RunJournal | undefined;
    readonly gate: OutputGate | undefined;
  },
): Promise<number> {
  const { terminal, signal } = context;
  const { flags, journal } = asked;
  const { storeDir } = prepared.destination.store;
  const here = new Set(prepared.sites.flatMap(({ traits }) => (traits.local ? traits.name : [])));
  const isHere = (builder: string) => here.has(builder);
  const isSeen = flags.runId === undefined;
  const view = isSeen
    ? openView(terminal.beneath, flags, { storeDir, signal, isHere })
    : unseenView(terminal.beneath);
  terminal.voice = (lines) => view.say(lines);
  const record = await beginRecord(context, prepared, asked.installables);
  const request: RealiseRequest = {
    ...prepared,
    gate: asked.gate,
    events: (event) => {
      record.take(event);
      // Who interrupts knows why builders and attempts are lost.
      if (signal.aborted && (event.kind === "attempt-lost" || event.kind === "builder-down")) return;
      journal?.take(event);
      view.take(event);
    },
  };
  let obtained: ReadonlyMap<StorePath, Origin> = new Map();
  let report: RealiseReport | undefined;
  let recorded: Recorded;
  try {
    if (paths.length > 0) obtained = await obtainPaths(paths, request);
    report = await realise(request);
  } finally {
    view[Symbol.dispose]();
    terminal.voice = undefined;
    recorded = await record.end(context.signal.aborted ? "cancelled" : report?.complete ? "done" : "failed");
  }
  if (flags.link !== false && report.complete && flags.fetch !== "none")
    await makeLinks(request, { report, paths, prefix: flags.outLink ?? "result" });
  if (isSeen) printSummary(terminal, view.progress, { ...flags, ...recorded });
  if (flags.printOutPaths) await terminal.print(outPaths(request, report, paths));
  if (flags.json) await terminal.print(`${reportJson(request, report, obtained)}\n`);
  return buildExitCode(report);
}

function outPaths(
  { wishes, destination }: RealiseRequest,
  report: RealiseReport,
  opaque: readonly StorePath[],
): string {
  const paths = wishes.flatMap(({ drvPath, outputs }) =>
    outputs.flatMap((name) => report.outputsOf(drvPath).get(name) ?? []),
  );
  const there = paths.filter((path) => report.origins.has(path));
  return [...there, ...opaque]
    .map((path) => `${printStorePath(destination.store.storeDir, path)}\n`)
    .join("");
}

const EXAMPLES = `
Examples:
  elsewhere build .#hello                          on the builders of /etc/nix/machines
  elsewhere build -f release.nix tests.login -L    with the log as it comes
  elsewhere build .#image --fetch none             built, and left on its builder
  elsewhere build .#world --detach                 in the background: see 'elsewhere attach'
  elsewhere build .#image --dry-run                what would be built, by whom, and what nobody can
  elsewhere build .#x -j0 --builders 'ssh-ng://me@box x86_64-linux - 8 1 big-parallel'
  elsewhere build /nix/store/…-x.drv^out,dev       a derivation that is there
  elsewhere build ./graph/…-x.drv --store ~/out    with no Nix: a .drv file, into a store of your own
  nix derivation show -r .#x | elsewhere build -   derivations as JSON

Exit codes:
  0 all there   100 a build failed   101 timed out   102 hash mismatch   104 not deterministic
  1 anything else`;

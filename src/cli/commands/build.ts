import { Command, Option } from "commander";
import { systemClock } from "#base/clock.ts";
import { obtainPaths } from "#build/engine/obtain-paths.ts";
import { FETCH_POLICIES, type RealiseReport, type RealiseRequest, realise } from "#build/engine/realise.ts";
import type { Origin } from "#build/events.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { printDryRun } from "../build/dry-run.ts";
import { buildExitCode } from "../build/exit-code.ts";
import { makeLinks } from "../build/out-links.ts";
import { beginRecord, type Recorded } from "../build/record.ts";
import { reportJson } from "../build/report-json.ts";
import { type BuildFlags, prepareRequest } from "../build/request.ts";
import type { CommandContext } from "../command-context.ts";
import { summaryOf } from "../progress/summary.ts";
import { ProgressView } from "../progress/view.ts";
import { addBuildFlags, addSettingFlags, settingsFor } from "../setting-flags.ts";

/** `elsewhere build`: the main job. */
export function command(context: CommandContext): Command {
  const build = new Command("build")
    .description(
      "Build derivations on the machines that can build them, and bring the outputs home.\n\n" +
        "INSTALLABLE is a flake reference (.#hello, .#hello^dev), an attribute path with -f or -E, a derivation in " +
        "the store (/nix/store/…-x.drv, …-x.drv^out), any other store path (it is fetched), a .drv file outside any " +
        "store (its inputs are read from the folder that it lies in), or a file of derivation JSON ('-' reads it " +
        "from standard input). Flakes and expressions are evaluated by the installed Nix; for everything else no Nix " +
        "is needed.",
    )
    .argument("[installable...]", "what to build; with nothing: the flake in this folder, or all of -f or -E")
    .option("-f, --file <file>", "evaluate attributes of this file")
    .addOption(
      new Option("-E, --expr <expression>", "evaluate attributes of this expression").conflicts("file"),
    )
    .option("--impure", "let the evaluation read the environment")
    .option("--arg <pair>", "for -f and -E: NAME=EXPRESSION", collect)
    .option("--argstr <pair>", "for -f and -E: NAME=TEXT", collect)
    .option("--eval-store <uri>", "the store that Nix evaluates into, when it is another than --store")
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
    .option("-L, --print-build-logs", "show the log of every build");
  return addBuildFlags(addSettingFlags(build))
    .addHelpText("after", EXAMPLES)
    .action((installables: string[], flags: BuildFlags) => run(context, installables, flags));
}

async function run(
  context: CommandContext,
  installables: readonly string[],
  flags: BuildFlags,
): Promise<void> {
  const { terminal } = context;
  const settings = await settingsFor(context, flags);
  await using prepared = await prepareRequest(context, { installables, flags, settings });
  const { name, store } = prepared.request.destination;
  const { storeDir } = store;
  // Where there is no Nix, the outputs lie where nobody would look for them.
  if (flags.store === undefined && name.includes("root=") && !flags.quiet)
    terminal.error(`there is no Nix store here that you may write: building into ${name}\n`);
  const view = new ProgressView(terminal, {
    logs: flags.printBuildLogs === true,
    verbose: (flags.verbose ?? 0) > 0,
    quiet: flags.quiet === true,
    live: true,
    signal: context.signal,
    print: (path) => printStorePath(storeDir, path),
    now: () => systemClock.now(),
  });
  const { paths } = prepared;
  if (flags.dryRun)
    return await printDryRun(
      context,
      { request: { ...prepared.request, events: () => undefined }, paths },
      flags,
    );
  const record = await beginRecord(context, prepared.request, installables);
  const request: RealiseRequest = {
    ...prepared.request,
    events: (event) => {
      record.take(event);
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
    recorded = await record.end(context.signal.aborted ? "cancelled" : report?.complete ? "done" : "failed");
  }
  if (flags.link !== false && report.complete && flags.fetch !== "none")
    await makeLinks(request, { report, paths, prefix: flags.outLink ?? "result" });
  if (!flags.quiet) {
    const columns = terminal.live ? terminal.columns() : undefined;
    terminal.error(summaryOf(view.progress, { columns, all: (flags.verbose ?? 0) > 0, ...recorded }));
  }
  if (flags.printOutPaths) await terminal.print(outPaths(request, report, paths));
  if (flags.json) await terminal.print(`${reportJson(request, report, obtained)}\n`);
  context.exitWith(buildExitCode(report));
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

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

const EXAMPLES = `
Examples:
  elsewhere build .#hello                          on the builders of /etc/nix/machines
  elsewhere build -f release.nix tests.login -L    with the log as it comes
  elsewhere build .#image --fetch none             built, and left on its builder
  elsewhere build .#image --dry-run                what would be built, by whom, and what nobody can
  elsewhere build .#x -j0 --builders 'ssh-ng://me@box x86_64-linux - 8 1 big-parallel'
  elsewhere build /nix/store/…-x.drv^out,dev       a derivation that is there
  elsewhere build ./graph/…-x.drv --store ~/out    with no Nix: a .drv file, into a store of your own
  nix derivation show -r .#x | elsewhere build -   derivations as JSON

Exit codes:
  0 all there   100 a build failed   101 timed out   102 hash mismatch   104 not deterministic
  1 anything else`;

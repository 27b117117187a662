import { Command, Option } from "commander";
import { auditGraph } from "#audit/graph/graph-report.ts";
import type { AuditReport } from "#audit/report/report.ts";
import { reportToJson } from "#audit/report/report-json.ts";
import { DEFAULT_STORE_DIR, parseStoreDir, type StoreDir } from "#nix/store-path.ts";
import { auditSummary, auditText } from "../audit/audit-text.ts";
import { auditPaths, pathsAmong } from "../audit/closure-input.ts";
import { gatherGraph, parseOutside, readOutside } from "../audit/graph-input.ts";
import type { BuildFlags } from "../build/request.ts";
import type { CommandContext } from "../command-context.ts";
import { exitCodeOf, reportError } from "../error-report.ts";
import { addSettingFlags, settingsFor } from "../setting-flags.ts";
import { storeUri } from "../store-uri.ts";
import { styleFor } from "../style.ts";

/** `elsewhere audit`: what was made for the wrong platform, and how it came in. */
export function command(context: CommandContext): Command {
  const audit = new Command("audit")
    .description(
      "Find what is for the wrong platform in what you are about to build, or have built, and the way by which it came in.\n\n" +
        "INSTALLABLE is a derivation in the store (/nix/store/…-x.drv), a .drv file outside any store (its inputs are " +
        "read from the folder that it lies in), a file of derivation JSON ('-' reads it from standard input), a flake " +
        "reference (.#host), or an attribute path with -f or -E: these are audited as graphs, and nothing is built. Other " +
        "store paths, and links to them such as ./result, are audited with their closures by what they hold: " +
        "programs, scripts and links; with --store, in any store.\n\n" +
        "What is meant to cross is no finding: fetches, cross compilation, 32-bit parts of 64-bit programs, firmware, " +
        "and the images and virtual machines of other systems.",
    )
    .argument("[installable...]", "what to audit; with nothing: the flake in this folder, or all of -f or -E")
    .option("-f, --file <file>", "evaluate attributes of this file")
    .addOption(
      new Option("-E, --expr <expression>", "evaluate attributes of this expression").conflicts("file"),
    )
    .option("--impure", "let the evaluation read the environment")
    .option("--arg <pair>", "for -f and -E: NAME=EXPRESSION", collect)
    .option("--argstr <pair>", "for -f and -E: NAME=TEXT", collect)
    .option("--eval-store <uri>", "the store that Nix evaluates into, when it is another than --store")
    .option("--strict", "exit with 1 for warnings too")
    .option("--all", "show every finding with every place, and what is as it should be")
    .option("--json", "print the report as JSON");
  return addSettingFlags(audit)
    .addHelpText("after", EXAMPLES)
    .action(async (words: string[], flags: AuditFlags) => {
      try {
        await run(context, words, flags);
      } catch (error) {
        // 1 means that something was found.
        reportError(error, context.terminal, { debug: flags.debug === true });
        context.exitWith(Math.max(exitCodeOf(error), EXIT_COULD_NOT_LOOK));
      }
    });
}

interface AuditFlags extends BuildFlags {
  readonly strict?: boolean;
  readonly all?: boolean;
}

async function run(context: CommandContext, words: readonly string[], flags: AuditFlags): Promise<void> {
  const report = await reportOn(context, words, flags);
  await show(context, report, flags);
  context.exitWith(exitCode(report, flags));
}

async function reportOn(
  context: CommandContext,
  words: readonly string[],
  flags: AuditFlags,
): Promise<AuditReport> {
  const { services, env } = context;
  // Files need no store: none is made or asked for them.
  const outside = flags.store === undefined ? parseOutside(words, storeDirOf(env)) : undefined;
  if (outside) return await auditGraph(await readOutside(outside, storeDirOf(env)));
  const settings = await settingsFor(context, flags);
  await using store = await services.openStore(storeUri(flags.store), settings);
  const paths = pathsAmong(words, store);
  if (paths) return await auditPaths(store, paths);
  const evalUri = flags.evalStore === undefined ? undefined : storeUri(flags.evalStore);
  await using evalStore = evalUri === undefined ? undefined : await services.openStore(evalUri, settings);
  return await auditGraph(
    await gatherGraph(context, { installables: words, flags, settings, destination: store, evalStore }),
  );
}

async function show({ terminal }: CommandContext, report: AuditReport, flags: AuditFlags): Promise<void> {
  if (flags.json) return await terminal.print(`${JSON.stringify(reportToJson(report), undefined, 2)}\n`);
  const columns = terminal.outputColumns();
  const style = styleFor(terminal.colours.output);
  await terminal.print(auditText(report, { style, columns, all: flags.all === true }));
  if (!flags.quiet) terminal.error(`${auditSummary(report)}\n`);
}

function storeDirOf(env: CommandContext["env"]): StoreDir {
  return env.NIX_STORE_DIR ? parseStoreDir(env.NIX_STORE_DIR) : DEFAULT_STORE_DIR;
}

function exitCode({ findings }: AuditReport, { strict }: AuditFlags): number {
  const counts = findings.some(
    ({ severity, waived }) => waived === undefined && (severity === "error" || strict === true),
  );
  return counts ? EXIT_FOUND : 0;
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

const EXIT_FOUND = 1;
const EXIT_COULD_NOT_LOOK = 2;

const EXAMPLES = `
Examples:
  elsewhere audit .#nixosConfigurations.box.config.system.build.toplevel
  elsewhere audit ./graph/…-nixos-system-box.drv     with no Nix: a .drv file and its inputs beside it
  nix derivation show -r .#x | elsewhere audit -     derivations as JSON
  elsewhere audit ./result                           what was built: the programs in its closure
  elsewhere audit --store ssh-ng://box /nix/store/…  in the store of another machine
  elsewhere audit .#x --json                         for a script

Exit codes:
  0 no mistake   1 an error was found (with --strict also a warning)   2 could not look`;

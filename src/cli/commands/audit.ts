import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { auditGraph } from "#audit/graph/graph-report.ts";
import { pictureOf } from "#audit/report/picture.ts";
import type { AuditReport } from "#audit/report/report.ts";
import { pictureToDot } from "#audit/report/report-dot.ts";
import { reportToJson } from "#audit/report/report-json.ts";
import { reportToSarif } from "#audit/report/report-sarif.ts";
import { pictureToSvg } from "#audit/report/report-svg.ts";
import { applyWaivers } from "#audit/waiver/apply-waivers.ts";
import { formatWaiver, type Waiver } from "#audit/waiver/parse-waivers.ts";
import { DEFAULT_STORE_DIR, parseStoreDir, type StoreDir } from "#nix/store-path.ts";
import { auditSummary, auditText } from "../audit/audit-text.ts";
import { auditPaths, pathsAmong } from "../audit/closure-input.ts";
import { gatherGraph, parseOutside, readOutside } from "../audit/graph-input.ts";
import { readWaivers } from "../audit/waiver-file.ts";
import type { BuildFlags } from "../build/build-flags.ts";
import type { CommandContext } from "../command-context.ts";
import { exitCodeOf, reportError } from "../error-report.ts";
import { addEvaluationFlags } from "../evaluation-flags.ts";
import { addSettingFlags, settingsFor } from "../setting-flags.ts";
import { storeUri } from "../store-uri.ts";
import { styleFor } from "../style.ts";
import { wrapQuoting } from "../wrap.ts";

/** `elsewhere audit`: what was made for the wrong platform, and how it came in. */
export function command(context: CommandContext): Command {
  const audit = addEvaluationFlags(
    new Command("audit")
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
      .argument(
        "[installable...]",
        "what to audit; with nothing: the flake in this folder, or all of -f or -E",
      ),
  )
    .option("--strict", "exit with 1 for warnings too")
    .option("--all", "show every finding with every place, and what is as it should be")
    .option(
      "--waivers <file>",
      "what to let through, and why (default: .elsewhere-audit.toml, where it is there)",
    )
    .option("--json", "print the report as JSON")
    .option("--sarif <file>", "write the report as SARIF 2.1.0; '-' prints it")
    .option("--dot <file>", "write a picture of the ways in for Graphviz; '-' prints it")
    .option("--svg <file>", "write the picture as SVG; '-' prints it");
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
  readonly waivers?: string;
  readonly sarif?: string;
  readonly dot?: string;
  readonly svg?: string;
}

async function run(context: CommandContext, words: readonly string[], flags: AuditFlags): Promise<void> {
  const waivers = readWaivers(flags.waivers);
  const { report, unused } = applyWaivers(await reportOn(context, words, flags), waivers);
  await show(context, report, { flags, unused });
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

async function show(
  { terminal, version }: CommandContext,
  report: AuditReport,
  { flags, unused }: { flags: AuditFlags; unused: readonly Waiver[] },
): Promise<void> {
  const files = [
    [flags.sarif, () => `${JSON.stringify(reportToSarif(report, version), undefined, 2)}\n`],
    [flags.dot, () => pictureToDot(pictureOf(report))],
    [flags.svg, () => pictureToSvg(pictureOf(report))],
  ] as const;
  for (const [file, text] of files) {
    if (file === "-") await terminal.print(text());
    else if (file !== undefined) writeFileSync(file, text());
  }
  if (flags.json) await terminal.print(`${JSON.stringify(reportToJson(report, unused), undefined, 2)}\n`);
  const isPrinted = flags.json === true || files.some(([file]) => file === "-");
  if (!isPrinted) {
    const columns = terminal.outputColumns();
    const style = styleFor(terminal.colours.output);
    const text = auditText(report, { style, columns, all: flags.all === true });
    if (text !== "") await terminal.print(`${text}\n`);
  }
  if (flags.quiet) return;
  for (const waiver of unused)
    terminal.error(`warning: nothing needs the waiver of ${formatWaiver(waiver)}\n`);
  const room = terminal.live ? terminal.columns() : Number.MAX_SAFE_INTEGER;
  terminal.error(`${wrapQuoting(auditSummary(report), room)}\n`);
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

const EXIT_FOUND = 1;
const EXIT_COULD_NOT_LOOK = 2;

const EXAMPLES = `
Examples:
  elsewhere audit .#nixosConfigurations.box.config.system.build.toplevel
  elsewhere audit ./graph/…-nixos-system-box.drv     with no Nix: a .drv file and its inputs beside it
  nix derivation show -r .#x | elsewhere audit -     derivations as JSON
  elsewhere audit ./result                           what was built: the programs in its closure
  elsewhere audit --store ssh-ng://box /nix/store/…  in the store of another machine
  elsewhere audit .#x --svg ways.svg                 a picture of how it came in
  elsewhere audit .#x --sarif audit.sarif            for a code host

A waiver in .elsewhere-audit.toml, in which * stands for anything:
  [[waiver]]
  consumer = "hydra-perl-deps"
  input = "nix-*"
  reason = "runs under emulation"

Exit codes:
  0 no mistake   1 an error was found (with --strict also a warning)   2 could not look`;

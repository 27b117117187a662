import { type Command, Option } from "commander";
import { collect } from "./option-values.ts";

/** Adds the flags that say what Nix evaluates, and how. */
export function addEvaluationFlags(command: Command): Command {
  return command
    .option("-f, --file <file>", "evaluate attributes of this file")
    .addOption(
      new Option("-E, --expr <expression>", "evaluate attributes of this expression").conflicts("file"),
    )
    .option("--impure", "let the evaluation read the environment")
    .option("--arg <pair>", "for -f and -E: NAME=EXPRESSION", collect)
    .option("--argstr <pair>", "for -f and -E: NAME=TEXT", collect)
    .option("--eval-store <uri>", "the store that Nix evaluates into, when it is another than --store");
}

import { createInterface } from "node:readline/promises";

/** Asks a question with a yes or a no for an answer, on the terminal; undefined where nobody can be asked. */
export async function askYesNo(question: string, signal: AbortSignal): Promise<boolean | undefined> {
  const answer = await askLine(`${question} [y/N] `, signal);
  return answer === undefined ? undefined : /^y(es)?$/i.test(answer.trim());
}

/** A line that a person types; undefined where standard input or error is no terminal, or the input ends. */
async function askLine(prompt: string, signal: AbortSignal): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<undefined>((resolve) => reader.once("close", () => resolve(undefined)));
  try {
    return await Promise.race([reader.question(prompt, { signal }), closed]);
  } finally {
    reader.close();
  }
}

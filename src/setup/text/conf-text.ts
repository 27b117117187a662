/** nix.conf with settings as they shall be: each where it stands already, or at the end. Comments and order stay. */
export function withSettings(text: string, settings: Iterable<readonly [string, string]>): string {
  const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
  const added: string[] = [];
  for (const [name, value] of settings) {
    // Nix takes the last one.
    const at = lines.findLastIndex((line) => isAbout(line, name));
    if (at < 0) added.push(`${name} = ${value}`);
    else if (settingIn(lines[at]!) !== value) lines[at] = `${name} = ${value}`;
  }
  return [...lines, ...added].map((line) => `${line}\n`).join("");
}

function isAbout(line: string, name: string): boolean {
  const [first, second] = line.trim().split(/\s+/);
  return first === name && second === "=";
}

function settingIn(line: string): string {
  const words = line.replace(/#.*$/, "").trim().split(/\s+/);
  return words.slice(2).join(" ");
}

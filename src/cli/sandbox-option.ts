import { Option } from "commander";

const WISHES = ["bubblewrap", "relaxed", "none"] as const;
export type SandboxWish = (typeof WISHES)[number];

/** `--sandbox`: how builds on this machine are walled in. */
export function sandboxOption(): Option {
  return new Option(
    "--sandbox <kind>",
    "of builds on this machine; relaxed: but for those that ask for none",
  ).choices(WISHES);
}

/** The settings of nix.conf that it stands for. Who names a sandbox wants it, or an error. */
export function sandboxOverrides(wish: SandboxWish | undefined): [string, string][] {
  switch (wish) {
    case undefined:
      return [];
    case "none":
      return [["sandbox", "false"]];
    case "relaxed":
      return [["sandbox", "relaxed"]];
    case "bubblewrap":
      return [
        ["sandbox", "true"],
        ["sandbox-fallback", "false"],
      ];
  }
}

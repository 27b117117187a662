import { cure } from "../cure.ts";
import type { KnownMessage } from "./known-message.ts";

/** What a Mac says of its services and of a builder VM. Sources: launchctl's messages, nix-darwin. */
export const MAC: readonly KnownMessage[] = [
  {
    id: "launchd-bootstrap",
    pattern: /Bootstrap failed: (?<number>\d+)|Could not find service "(?<service>[^"]+)"/,
    cause:
      "launchd could not load a service: it is loaded already, disabled, or its plist has the wrong owner",
    cure: cure(
      "Unload it and load it again",
      "sudo launchctl bootout system/org.nixos.nix-daemon",
      "sudo launchctl bootstrap system /Library/LaunchDaemons/org.nixos.nix-daemon.plist",
    ),
  },
  {
    id: "linux-builder-key",
    pattern: /\/etc\/nix\/builder_ed25519/,
    cause: "The key of nix-darwin's Linux builder is not readable for whoever connects; it belongs to root",
    cure: cure("Connect as root, as the daemon does", "sudo ssh linux-builder true"),
  },
  {
    id: "app-management",
    pattern: /Operation not permitted.{0,200}\/Applications|App Management/,
    cause: "macOS does not let the program change other programs",
    cure: cure("Allow it under System Settings, Privacy & Security, App Management"),
  },
];

import { escapeXml } from "#base/escape-xml.ts";

/** A program that the system keeps running. */
export interface ServiceUnit {
  /** Reverse-domain name for launchd, such as `org.elsewhere.daemon`. */
  readonly label: string;
  readonly description: string;
  readonly command: readonly [string, ...string[]];
  /** Where its output goes under launchd; systemd has the journal. */
  readonly logFile: string;
}

/** A systemd service; one of a user's own session where `user` is true. */
export function formatSystemdUnit(
  { description, command }: ServiceUnit,
  { user }: { user: boolean },
): string {
  return [
    "[Unit]",
    `Description=${description}`,
    ...(user ? [] : ["After=network-online.target", "Wants=network-online.target"]),
    "",
    "[Service]",
    `ExecStart=${command.map(quoteForSystemd).join(" ")}`,
    "Restart=on-failure",
    "RestartSec=2",
    // A build that runs is given time to stop on its builder.
    "TimeoutStopSec=30",
    "",
    "[Install]",
    `WantedBy=${user ? "default.target" : "multi-user.target"}`,
    "",
  ].join("\n");
}

/** A launchd property list. */
export function formatLaunchdUnit({ label, command, logFile }: ServiceUnit): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${escapeXml(label)}</string>
  <key>ProgramArguments</key>
  <array>
${command.map((word) => `    <string>${escapeXml(word)}</string>`).join("\n")}
  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>StandardErrorPath</key>
  <string>${escapeXml(logFile)}</string>
</dict>
</plist>
`;
}

/** Source: systemd.service(5), "Command lines": `%` and `$` are expanded, quotes and backslashes read. */
function quoteForSystemd(word: string): string {
  const escaped = word
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("%", "%%")
    .replaceAll("$", "$$$$");
  return /^[A-Za-z0-9_@:,.=/+-]+$/.test(word) ? word : `"${escaped}"`;
}

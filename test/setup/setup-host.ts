import type { SetupHost } from "#setup/host.ts";

/** A machine with no files. */
export function hostOf(facts: Partial<SetupHost>): SetupHost {
  return {
    platform: "linux",
    isRoot: false,
    hasSystemd: false,
    home: "/home/me",
    hostName: "here",
    readText: () => undefined,
    whyFixed: () => undefined,
    ...facts,
  } as SetupHost;
}

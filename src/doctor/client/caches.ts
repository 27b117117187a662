import { ABSENT, type Check, seen } from "../check.ts";
import { cure } from "../cure.ts";
import type { Finding } from "../finding.ts";
import type { Outside } from "../outside.ts";
import { type ClientCase, placeOfSetting } from "./client-case.ts";

/** The binary caches of this machine. */
export const caches: Check<ClientCase> = {
  link: "caches",
  needs: ["nix.conf"],
  look: async ({ configuration, outside }) => {
    const { settings } = configuration.settings;
    const urls = settings.substitute ? settings.substituters : [];
    if (urls.length === 0) return ABSENT;
    const asked = urls.filter((url) => /^(https?|file):/.test(url));
    const remote = asked.filter((url) => !isNear(url));
    // Nix, too, asks none when there is no network.
    if (!outside.network.isThere && remote.length === asked.length)
      return seen("no network here, so they are not asked");
    const tried = asked.filter((url) => outside.network.isThere || isNear(url));
    const faults = await Promise.all(tried.map(async (url) => ({ url, fault: await faultOf(url, outside) })));
    const findings = faults.flatMap(({ url, fault }) =>
      fault === undefined ? [] : [unreachable(url, fault, placeOfSetting(configuration, "substituters"))],
    );
    return seen(`${tried.length - findings.length} of ${tried.length} answer`, findings);
  },
};

function isNear(url: string): boolean {
  return /^file:|^https?:\/\/(localhost|127\.|\[::1\])/.test(url);
}

async function faultOf(url: string, outside: Outside): Promise<string | undefined> {
  const base = url.replace(/\?.*$/s, "").replace(/\/+$/, "");
  if (base.startsWith("file://")) {
    const folder = base.slice("file://".length);
    return outside.files.stat(folder)?.kind === "folder" ? undefined : `there is no folder ${folder}`;
  }
  const answer = await outside.network.fetch(`${base}/nix-cache-info`);
  if ("fault" in answer) return answer.fault;
  if (answer.status !== 200) return `it answers ${answer.status}`;
  return /^StoreDir:/m.test(answer.text) ? undefined : "what it answers is no nix-cache-info";
}

function unreachable(url: string, fault: string, place: string | undefined): Finding {
  return {
    code: "CACHE_UNREACHABLE",
    severity: "warning",
    seen: `${url} (${place ?? "the default of 'substituters'"}): ${fault}`,
    why: "Every path is asked for there first, several times; and where a build needs it, the build fails unless `fallback` is set",
    cure: cure(
      "Take it out of `substituters`, or let Nix go on without it",
      `curl -sSI ${url}/nix-cache-info`,
      "fallback = true",
      "connect-timeout = 5",
    ),
  };
}

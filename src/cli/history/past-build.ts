import type { BuildFilter, Ledger } from "#ledger/ledger.ts";
import type { AttemptRecord, BuildRecord, RequestRecord } from "#ledger/record.ts";

/** A build with all that belongs to it. */
export interface PastBuild {
  readonly build: BuildRecord;
  readonly attempts: readonly AttemptRecord[];
  readonly request: RequestRecord | undefined;
}

/** The builds that a filter lets through, the newest first. */
export async function pastBuilds(ledger: Ledger, filter: BuildFilter): Promise<PastBuild[]> {
  return await withAttempts(ledger, await ledger.builds(filter));
}

export async function withAttempts(ledger: Ledger, builds: readonly BuildRecord[]): Promise<PastBuild[]> {
  const attempts = await ledger.attempts(builds.map(({ number }) => number));
  const requests = await ledger.requests([...new Set(builds.map(({ request }) => request))]);
  const byBuild = Map.groupBy(attempts, ({ build }) => build);
  const byKey = new Map(requests.map((request) => [request.key, request]));
  return builds.map((build) => ({
    build,
    attempts: byBuild.get(build.number) ?? [],
    request: byKey.get(build.request),
  }));
}

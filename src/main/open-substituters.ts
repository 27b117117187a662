import { networkInterfaces } from "node:os";
import { systemClock } from "#base/clock.ts";
import { messageOf } from "#base/errors.ts";
import { type Rests, shortRests } from "#base/rests.ts";
import { openRestFile } from "#build/remote/rest-file.ts";
import type { Settings } from "#nix/settings.ts";
import { parseStoreReference, type StoreReference } from "#nix/store-reference.ts";
import type { Store } from "#store/store.ts";
import { RestingSubstituter } from "#store/substituter.ts";
import { narInfoMemory } from "./narinfo-memory.ts";
import { openStore } from "./open-store.ts";
import { readNetrc } from "./read-netrc.ts";
import { stateDir } from "./state-dir.ts";
import { positiveParam } from "./store-context.ts";

export interface SubstituterSurroundings {
  readonly env: NodeJS.ProcessEnv;
  /** Told, in a sentence, of a substituter that cannot be used. */
  readonly report: (text: string) => void;
}

/** The stores of `substituters`. Nothing is asked of them yet; those that cannot be are told of and left out. */
export async function openSubstituters(
  settings: Settings,
  { env, report }: SubstituterSurroundings,
): Promise<RestingSubstituter[]> {
  if (!settings.substitute) return [];
  const opened: RestingSubstituter[] = [];
  const rests = settings.substituters.length > 0 ? openRestFile(stateDir(env), "substituters") : shortRests();
  for (const uri of settings.substituters) {
    try {
      const reference = parseStoreReference(uri);
      if (!isReachable(reference, env)) continue;
      opened.push(await openOne(reference, settings, { env, report, rests }));
    } catch (error) {
      report(`substituter '${uri}' cannot be used: ${messageOf(error)}`);
    }
  }
  return opened;
}

async function openOne(
  reference: StoreReference,
  settings: Settings,
  { env, report, rests }: SubstituterSurroundings & { readonly rests: Rests },
): Promise<RestingSubstituter> {
  const timeoutS = settings["connect-timeout"];
  const asRead = reference.scheme === "local" ? withParam(reference, "read-only", "true") : reference;
  const store = await openStore(asRead, {
    env,
    ...(timeoutS > 0 && { connectTimeoutS: timeoutS }),
    cache: {
      attempts: Math.max(1, settings["download-attempts"]),
      connections: settings["http-connections"] || CONNECTIONS_MAX,
      ...(timeoutS > 0 && { answerTimeoutMs: timeoutS * 1000 }),
      netrc: () => readNetrc(settings),
      openMemory: () => narInfoMemory(settings, env),
      absentMs: Math.min(settings["narinfo-cache-negative-ttl"] * 1000, ABSENT_MS_MAX),
    },
  });
  const priority = positiveParam(reference, "priority");
  return new RestingSubstituter(store, {
    priority: async () => priority ?? (await ownPriority(store)),
    trusted: reference.params.get("trusted") === "true",
    clock: systemClock,
    rests,
    report,
  });
}

/** A binary cache says it in its `nix-cache-info`; other stores come first, as in Nix. */
async function ownPriority(store: Store): Promise<number> {
  const { info } = store as { info?(): Promise<{ readonly priority: number }> };
  return info ? (await info.call(store)).priority : 0;
}

/** With no network, no cache in it is worth a timeout. Source of the idea: Nix, `haveInternet`. */
function isReachable({ scheme, authority }: StoreReference, env: NodeJS.ProcessEnv): boolean {
  if ((scheme !== "http" && scheme !== "https") || env._NIX_FORCE_HTTP) return true;
  if (LOOPBACK.test(authority)) return true;
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ internal, address }) => !internal && !address.startsWith("fe80:")),
  );
}

function withParam(reference: StoreReference, name: string, value: string): StoreReference {
  return { ...reference, params: new Map([...reference.params, [name, value]]) };
}

const LOOPBACK = /^(?:[^@/]*@)?(?:localhost|127\.|\[::1\])/;
const CONNECTIONS_MAX = 64;
/** A server may live longer than a path is absent. */
const ABSENT_MS_MAX = 60_000;

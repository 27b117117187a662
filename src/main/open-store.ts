import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { ElsewhereError } from "#base/errors.ts";
import { formatStoreReference, parseStoreReference, type StoreReference } from "#nix/store-reference.ts";
import type { Realiser } from "#store/realiser.ts";
import type { Store } from "#store/store.ts";
import { OWN_FEATURES } from "./own-features.ts";
import { positiveParam, type StoreContext, storeDirOf } from "./store-context.ts";

/** A store that can build as well: those behind a daemon or ssh. */
export type BuildingStore = Store & Realiser;

/**
 * Opens the store that a person named. Nothing is connected before the first question. Each kind is loaded when
 * it is first asked for: a program that only talks to a daemon starts without the rest.
 */
export async function openStore(named: string | StoreReference, context: StoreContext): Promise<Store> {
  const reference = typeof named === "string" ? parseStoreReference(named) : named;
  switch (reference.scheme) {
    case "auto":
      return await openAuto(reference, context);
    case "local":
      return await openLocal(reference, context);
    case "unix":
      return await openDaemon(reference, context);
    case "ssh":
    case "ssh-ng":
      return (await import("./open-ssh-store.ts")).openSshStore(reference, context);
    case "file":
    case "http":
    case "https":
      return await openCache(reference, context);
    default:
      throw new ElsewhereError(
        "UNSUPPORTED",
        `Cannot open the store '${formatStoreReference(reference)}': its kind '${reference.scheme}' is not known here`,
        {
          hint: "Known are auto, daemon, local, a folder, unix://, ssh://, ssh-ng://, file://, http:// and https://",
        },
      );
  }
}

/** Opens a store that must be able to build. */
export async function openBuildingStore(
  named: string | StoreReference,
  context: StoreContext,
): Promise<BuildingStore> {
  const store = await openStore(named, context);
  if ("buildDerivation" in store) return store as BuildingStore;
  await store[Symbol.asyncDispose]();
  throw new ElsewhereError("UNSUPPORTED", `Cannot build in '${store.uri}': it is no builder`, {
    hint: "Use ssh-ng://HOST, ssh://HOST or daemon",
  });
}

/** As Nix decides: the local store where this user may write it, else the daemon where one listens, else the local one. */
async function openAuto(reference: StoreReference, context: StoreContext): Promise<Store> {
  const stateDir = context.env.NIX_STATE_DIR || DEFAULT_STATE_DIR;
  if (await isPermitted(stateDir, constants.R_OK | constants.W_OK))
    return await openLocal(reference, context);
  if (await isPermitted(socketPath(context.env), constants.F_OK)) return await openDaemon(reference, context);
  return await openLocal(reference, context);
}

async function openLocal(
  { authority, params }: StoreReference,
  { env, local }: StoreContext,
): Promise<Store> {
  const root = params.get("root") ?? (authority === "" ? undefined : authority);
  const layout = {
    environment: env,
    root,
    storeDir: params.get("store"),
    realStoreDir: params.get("real"),
    stateDir: params.get("state"),
    logDir: params.get("log"),
  };
  const signed = params.get("require-sigs");
  const { openLocalStore } = await import("#store/local/open.ts");
  return await openLocalStore({
    ...(typeof local === "function" ? await local() : local),
    ...layout,
    ...(signed !== undefined && { requireSigs: signed === "true" }),
    ...(params.get("read-only") === "true" && { readOnly: true }),
  });
}

async function openCache(reference: StoreReference, { env, cache }: StoreContext): Promise<Store> {
  const { openBinaryCache } = await import("#store/binary-cache/open-binary-cache.ts");
  if (reference.scheme !== "file") useProxies(env);
  return openBinaryCache(reference, { storeDir: storeDirOf(reference, env), ...cache });
}

/** `http_proxy`, `https_proxy` and `no_proxy`, as Nix has them through curl. Without one, Node's HTTP is left for later. */
function useProxies(env: NodeJS.ProcessEnv): void {
  if (Object.keys(env).some((name) => /^https?_proxy$/i.test(name)))
    process.getBuiltinModule("node:http").setGlobalProxyFromEnv(env);
}

async function openDaemon(reference: StoreReference, { env }: StoreContext): Promise<Store> {
  const { DaemonStore } = await import("#store/daemon/daemon-store.ts");
  const { connectUnixSocket } = await import("#transport/unix-socket.ts");
  const path = reference.authority === "" ? socketPath(env) : reference.authority;
  const connectionsMax = positiveParam(reference, "max-connections");
  return new DaemonStore({
    uri: formatStoreReference(reference),
    storeDir: storeDirOf(reference, env),
    connect: () => connectUnixSocket(path),
    features: OWN_FEATURES,
    ...(connectionsMax !== undefined && { connectionsMax }),
  });
}

function socketPath(env: NodeJS.ProcessEnv): string {
  return env.NIX_DAEMON_SOCKET_PATH || `${env.NIX_STATE_DIR || DEFAULT_STATE_DIR}/daemon-socket/socket`;
}

async function isPermitted(path: string, mode: number): Promise<boolean> {
  try {
    await access(path, mode);
    return true;
  } catch {
    return false;
  }
}

const DEFAULT_STATE_DIR = "/nix/var/nix";

import { resolve } from "node:path";
import { ElsewhereError } from "#base/errors.ts";
import { addPermanentRoot } from "../permanent-root.ts";
import { storeThatCan } from "../served-store.ts";
import type { Handlers } from "./call.ts";

type Roots =
  | "addTempRoot"
  | "addIndirectRoot"
  | "addPermRoot"
  | "syncWithGc"
  | "findRoots"
  | "collectGarbage"
  | "optimiseStore"
  | "verifyStore";

/** What keeps paths, what deletes them, and what looks after the store as a whole. */
export const rootHandlers: Handlers<Roots> = {
  async addTempRoot({ store, request: { path } }) {
    // A store that cannot keep a path from its collector has no way to say so: Nix answers the same.
    await store.addTempRoot?.(path);
  },

  async addIndirectRoot({ store, request: { link } }) {
    await storeThatCan(store, "addIndirectRoot").addIndirectRoot(resolve(link));
  },

  async addPermRoot({ store, request: { path, link }, rights }) {
    rights.demand("make a permanent root");
    const place = resolve(link);
    await addPermanentRoot(storeThatCan(store, "addIndirectRoot"), path, place);
    return place;
  },

  async syncWithGc() {},

  async findRoots({ store, rights }) {
    const roots = await storeThatCan(store, "findRoots").findRoots({ censor: !rights.isTrusted });
    return [...roots].map(([link, path]) => ({ link, path }));
  },

  async collectGarbage({ store, request: { action, paths, ignoreLiveness, bytesMax } }) {
    if (ignoreLiveness) throw new ElsewhereError("NOT_TRUSTED", "you are not allowed to ignore liveness");
    return await storeThatCan(store, "collectGarbage").collectGarbage({
      action,
      ...(action === "delete-specific" ? { paths } : {}),
      ...(bytesMax === undefined ? {} : { bytesMax }),
    });
  },

  async optimiseStore({ store }) {
    await storeThatCan(store, "optimise").optimise();
  },

  async verifyStore({ store, request, rights }) {
    if (request.repair) rights.demand("repair the store");
    return await storeThatCan(store, "verify").verify(request);
  },
};

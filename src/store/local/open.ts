import { type Clock, systemClock } from "#base/clock.ts";
import { StoreContext } from "./context.ts";
import { openDatabase } from "./database/store-database.ts";
import { layoutOf, type StoreLayout } from "./layout.ts";
import { LocalStore } from "./local-store.ts";
import { makeFolder } from "./make-folder.ts";
import { type LocalStoreOptions, settingsOf } from "./settings.ts";

/**
 * Opens a store on this machine's disk, making it where there is none. A store whose database this user may
 * not write is opened for reading.
 */
export async function openLocalStore(
  options: LocalStoreOptions = {},
  clock: Clock = systemClock,
): Promise<LocalStore> {
  const layout = layoutOf(options);
  const settings = settingsOf(options);
  const db = await openDatabase(layout.stateDir, {
    readOnly: options.readOnly ?? false,
    fsyncMetadata: settings.fsyncMetadata,
  });
  if (!db.isReadOnly) makeFolders(layout);
  return new LocalStore(new StoreContext({ layout, settings, db, clock }));
}

function makeFolders({ realStoreDir, stateDir }: StoreLayout): void {
  for (const folder of [
    `${realStoreDir}/.links`,
    `${stateDir}/temproots`,
    `${stateDir}/gcroots/auto`,
    // Clients make their profiles and roots in these, and expect them.
    `${stateDir}/gcroots/per-user`,
    `${stateDir}/profiles/per-user`,
  ])
    makeFolder(folder);
}

import { bytesOf, type Consignment, type CopyReportOptions, reportCopy, type Tell } from "./copy-report.ts";
import type { Courier } from "./courier.ts";
import { inTransit, type SourceError, SourceFault } from "./in-transit.ts";
import type { Errand } from "./precedence.ts";

export interface TransferOptions extends CopyReportOptions {
  readonly courier: Courier;
  /** Nobody waits for it yet: it stands still while others are sent that somebody waits for. */
  readonly errand?: Errand;
}

/** Copies paths: straight between two builders that reach each other, else by a stream through here. Throws a `SourceFault` where the store that was to send them did not. */
export async function transfer(consignment: Consignment, options: TransferOptions): Promise<void> {
  const { from, to, infos } = consignment;
  const { courier, errand } = options;
  await errand?.turn();
  // Nix before 2.15 takes a derivation's path for its outputs.
  const isPushable = courier.mayReach(from, to) && !infos.some(({ path }) => path.endsWith(".drv"));
  if (isPushable && (await sendDirect(consignment, options))) return;
  const route = from.peer && to.peer ? "through-here" : "direct";
  await reportCopy(consignment, { ...options, route }, (tell) => stream(consignment, { tell, errand }));
}

async function sendDirect(consignment: Consignment, options: TransferOptions): Promise<boolean> {
  const { from, to, infos } = consignment;
  let isDone = false;
  await reportCopy(consignment, { ...options, route: "direct" }, async (tell) => {
    isDone = await options.courier.send(from, to, infos);
    if (isDone) tell.progress(infos.length, bytesOf(infos));
    else throw new Unreached(`${from.name} does not reach ${to.name}`);
  }).catch((error) => {
    if (!(error instanceof Unreached)) throw error;
  });
  return isDone;
}

class Unreached extends Error {}

async function stream(
  { from, to, infos }: Consignment,
  { tell, errand }: { tell: Tell; errand: Errand | undefined },
): Promise<void> {
  const fault: SourceError = {};
  const paths = inTransit(from.store.narsFromPaths(infos), fault, tell);
  try {
    await to.store.addPaths(errand ? errand.pace(paths) : paths, {
      checkSignatures: false,
      paths: infos.map(({ path }) => path),
    });
  } catch (error) {
    throw "error" in fault ? new SourceFault(from, fault.error) : error;
  }
}

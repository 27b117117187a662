import type { Feeder } from "../feed/feeder.ts";
import type { BuildSite, ConnectedSite, Holder, Trust } from "../site/site.ts";

/** A builder in use. */
export interface ActiveSite {
  readonly site: BuildSite;
  readonly connected: ConnectedSite;
  readonly holder: Holder;
  readonly feeder: Feeder;
  readonly trust: Trust;
}

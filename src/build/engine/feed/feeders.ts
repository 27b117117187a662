import { shortRests } from "#base/rests.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { RealiseRequest } from "../realise-request.ts";
import type { Holder, Trust } from "../site/site.ts";
import { Courier } from "./courier.ts";
import { Feeder, type FeederOptions } from "./feeder.ts";
import type { Fetches } from "./fetches.ts";
import { Precedence } from "./precedence.ts";
import type { Whereabouts } from "./whereabouts.ts";

export interface FeedersOptions {
  readonly request: RealiseRequest;
  readonly whereabouts: Whereabouts;
  readonly fetches: Fetches;
  /** Told when a store that was to send something could not. */
  readonly onSourceLost: FeederOptions["onSourceLost"];
}

/** The ways into the stores of one run. */
export class Feeders implements Disposable {
  /** Into the destination. */
  readonly home: Feeder;
  readonly #options: FeedersOptions;
  readonly #courier: Courier;
  readonly #precedence = new Precedence();
  #copies = 0;

  constructor(options: FeedersOptions) {
    this.#options = options;
    const { destination, peerRests, clock, signal } = options.request;
    this.#courier = new Courier({ rests: peerRests ?? shortRests(), clock, signal });
    this.home = this.#into(destination, { substitute: false });
  }

  /** Into a builder, which may be the destination itself. */
  into(builder: Holder, trust: Trust): Feeder {
    const { destination, buildersUseSubstitutes } = this.#options.request;
    if (builder === destination) return this.home;
    const accepts = (info: PathInfo) => trust.takesOurWord || provesItself(info);
    return this.#into(builder, { substitute: buildersUseSubstitutes, accepts, precedence: this.#precedence });
  }

  [Symbol.dispose](): void {
    this.#precedence[Symbol.dispose]();
  }

  #into(target: Holder, own: Pick<FeederOptions, "substitute" | "accepts" | "precedence">): Feeder {
    const { request, whereabouts, fetches, onSourceLost } = this.#options;
    const { events, clock } = request;
    const nextId = () => this.#copies++;
    return new Feeder(target, {
      whereabouts,
      fetches,
      events,
      clock,
      courier: this.#courier,
      nextId,
      onSourceLost,
      ...own,
    });
  }
}

/** What a builder takes that does not trust us. */
function provesItself({ contentAddress, signatures }: PathInfo): boolean {
  return contentAddress !== undefined || signatures.length > 0;
}

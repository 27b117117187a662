import { messageOf } from "#base/errors.ts";
import { requirementOf } from "#build/engine/plan/requirement-of.ts";
import type { RealiseRequest } from "#build/engine/realise-request.ts";
import { keyOf } from "#build/engine/site/site.ts";
import type { BuildEventSink } from "#build/events.ts";
import type { Ledger } from "#ledger/ledger.ts";
import type { Placement, RequestEnd } from "#ledger/record.ts";
import { Recorder } from "#ledger/recorder.ts";
import type { StorePath } from "#nix/store-path.ts";
import { quoteShellWord } from "#transport/shell-words.ts";
import type { CommandContext } from "../command-context.ts";
import { userName } from "../user-name.ts";

/** What the ledger knows of a request when it has ended. */
export interface Recorded {
  /** Build numbers. */
  readonly numbers: ReadonlyMap<StorePath, number>;
  /** Why builds ran on this machine. */
  readonly builtHere: ReadonlyMap<StorePath, Placement>;
}

/** The record of one request while it runs. */
export interface OpenRecord {
  readonly take: BuildEventSink;
  end(end: RequestEnd): Promise<Recorded>;
}

/** Begins the record of a request. That it cannot be kept is said, and is no reason not to build. */
export async function beginRecord(
  context: CommandContext,
  request: Omit<RealiseRequest, "events">,
  wishes: readonly string[],
): Promise<OpenRecord> {
  const { services, terminal, args } = context;
  const onFault = (message: string) => terminal.error(`warning: ${message}\n`);
  let ledger: Ledger;
  try {
    ledger = await services.ledger();
  } catch (error) {
    onFault(`what is built is not recorded: ${messageOf(error)}`);
    return { take: () => undefined, end: async () => NOTHING };
  }
  const { graph, destination, sites, clock } = request;
  const recorder = new Recorder(ledger, {
    principal: userName(),
    command: ["elsewhere", ...args].map(quoteShellWord).join(" "),
    wishes,
    store: destination.name,
    sites: sites.map(({ traits }) => traits),
    requirementOf: (drvPath) => requirementOf(graph.get(drvPath)!),
    now: () => clock.now(),
    knownFaults: rememberedFaults(request),
    stateDir: services.stateDir(),
    describe: (paths) => destination.store.queryPathInfos(paths),
    onFault,
  });
  return {
    take: recorder.take,
    end: async (end) => {
      await recorder.end(end);
      const numbers = await recorder.numbers();
      await ledger[Symbol.asyncDispose]();
      return { numbers, builtHere: recorder.builtHere };
    },
  };
}

/** What the builder book says of those that will not even be asked. */
function rememberedFaults({ sites, health, clock }: Omit<RealiseRequest, "events">): Map<string, string> {
  return new Map(
    sites.flatMap((site): [string, string][] => {
      const { drained } = health.pageOf(keyOf(site));
      const rest = health.backOff(keyOf(site), clock.now());
      if (drained) return [[site.traits.name, `it is drained, by ${drained.by}`]];
      return rest ? [[site.traits.name, `${rest.message.split("\n", 1)[0]} (remembered)`]] : [];
    }),
  );
}

const NOTHING: Recorded = { numbers: new Map(), builtHere: new Map() };

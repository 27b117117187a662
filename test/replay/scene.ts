import type { DrvOutput, Realisation } from "#nix/realisation.ts";
import { parseDrvOutput } from "#nix/realisation-text.ts";
import type { StorePath } from "#nix/store-path.ts";
import { RecordedContents } from "#rig/recorded-contents.ts";
import { withoutShared } from "#rig/shared.ts";
import { recordedReleases, type Transcript, transcripts } from "#rig/transcripts.ts";
import { copyClosure } from "#store/copy.ts";
import { withoutSandbox } from "../build/local/build-rig.ts";
import { Disk, Machine } from "./machine.ts";

/** A scenario: its connections in the order of being opened, all to one server. */
export interface Scene {
  readonly name: string;
  readonly connections: readonly Transcript[];
}

/** The scenarios of a release. */
export function scenesOf(release: string): Scene[] {
  const byName = Map.groupBy(transcripts(release), ({ scenario }) => scenario);
  return [...byName].map(([name, connections]) => ({ name, connections }));
}

/** Makes what the commands before a recording made: on the client's machine, and on the server's. */
export class Stage implements AsyncDisposable {
  readonly contents = new RecordedContents(recordedReleases().flatMap((release) => transcripts(release)));
  readonly #disk: Disk;
  readonly #origin: Machine;
  readonly #built = new Map<string, Promise<Realisation[]>>();

  private constructor(disk: Disk, origin: Machine) {
    this.#disk = disk;
    this.#origin = origin;
  }

  static async set(): Promise<Stage> {
    const disk = new Disk();
    return new Stage(disk, await Machine.on(disk));
  }

  /** Where the client's side of all scenarios was built. */
  get origin(): Machine {
    return this.#origin;
  }

  /** The state of the server before a scene. Throws when a command is none that is known. */
  async prepare(disk: Disk, { before, scenario, release }: Transcript): Promise<void> {
    await using server = await Machine.on(disk);
    const said = before.replaceAll(
      /nix copy ([^;|]*)\$\(nix-instantiate (.*? -A \w+)\)/g,
      (words, options, what) =>
        takesOutputs.test(release) &&
        !options.includes("--derivation") &&
        before.includes(`nix-build --no-out-link ${what}`)
          ? `nix copy ${options}$(nix-build ${what})`
          : words,
    );
    for (const command of said.split(/;|\|\|/).map((text) => text.trim()))
      await this.#perform(command, server, scenario.startsWith("uds-"));
  }

  derivation(attribute: string): StorePath {
    return this.contents.named(`tr-${attribute}.drv`);
  }

  /** All outputs of an attribute, built on the client's machine. */
  async outputsOf(attribute: string): Promise<Realisation[]> {
    const built = this.#built.get(attribute) ?? this.#build(this.#origin, attribute);
    this.#built.set(attribute, built);
    return await built;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#built.values());
    await this.#origin[Symbol.asyncDispose]();
    this.#disk[Symbol.dispose]();
  }

  async #perform(command: string, server: Machine, shared: boolean): Promise<void> {
    const attribute = /(\w+)\)?$/.exec(command)?.[1] ?? "";
    if (shared) {
      if (command.startsWith("nix-build")) await this.#build(server, attribute);
    } else if (/^nix copy .*\$\(nix-instantiate/.test(command)) {
      await this.contents.install(server.store, [this.derivation(attribute)]);
    } else if (/^nix copy /.test(command)) {
      await this.#copyOutputs(attribute, server);
    } else if (/^nix build .*--store \$NG/.test(command)) {
      await this.#build(server, attribute);
    } else if (/\$(NG|LS)/.test(command)) {
      throw new Error(`Cannot make the state that '${command}' makes`);
    }
  }

  /** Nix sends what a floating output is with it, when it knows what it copies as that output. */
  async #copyOutputs(attribute: string, server: Machine): Promise<void> {
    const outputs = await this.outputsOf(attribute);
    const paths = outputs.map(({ outPath }) => outPath);
    await copyClosure(this.#origin.store, server.store, paths, UNSIGNED);
    for (const { id } of outputs) await this.#copyRealisation(id, server);
  }

  async #copyRealisation(id: DrvOutput, server: Machine): Promise<void> {
    const known = await this.#origin.store.queryRealisation(id);
    if (!known) return;
    for (const dependency of known.dependentRealisations.keys())
      await this.#copyRealisation(parseDrvOutput(dependency), server);
    await server.store.registerRealisation(known);
  }

  async #build(machine: Machine, attribute: string): Promise<Realisation[]> {
    const drvPath = this.derivation(attribute);
    await this.contents.install(machine.store, [drvPath]);
    return await machine.build([drvPath]);
  }
}

/** Clients to which the name of a derivation means its outputs, where they are built. */
const takesOutputs = /^c?2\.8\./;

const UNSIGNED = { checkSignatures: false } as const;

/** Why nothing can be replayed here: the recordings are elsewhere, or there is no sandbox for what they build. */
export const withoutReplay: string | false = withoutShared || withoutSandbox;

import type { ConnectedSite } from "#build/engine/site/site.ts";
import type { Machine } from "#nix/machine.ts";
import type { ResolvedSettings } from "#nix/settings.ts";
import type { Store } from "#store/store.ts";
import type { Dialled, Outside, Route } from "../outside.ts";
import { type ProbedSystem, probeSystems } from "./probing.ts";
import { parseSurvey, type Survey } from "./survey.ts";
import { SURVEY_SCRIPT } from "./survey-script.ts";

export interface BuilderCaseParts {
  readonly outside: Outside;
  readonly machine: Machine;
  readonly name: string;
  readonly route: Route;
  readonly settings: ResolvedSettings;
  /** Where probes come home to; what it rejects with is told of once, by a link of its own. */
  readonly home: () => Promise<Store>;
}

/** One builder and what is asked of it: each thing once, when a link first wants to know. */
export class BuilderCase implements AsyncDisposable {
  readonly outside: Outside;
  readonly machine: Machine;
  readonly name: string;
  readonly route: Route;
  readonly settings: ResolvedSettings;
  readonly home: () => Promise<Store>;
  #dialled: Promise<Dialled> | undefined;
  #survey: Promise<SurveyAnswer> | undefined;
  #connected: Promise<ConnectedSite> | undefined;
  #probed: Promise<readonly ProbedSystem[]> | undefined;

  constructor(parts: BuilderCaseParts) {
    this.outside = parts.outside;
    this.machine = parts.machine;
    this.name = parts.name;
    this.route = parts.route;
    this.settings = parts.settings;
    this.home = parts.home;
  }

  /** Where ssh goes; undefined where it does not go there by itself but through another host or program. */
  async address(): Promise<{ readonly host: string; readonly port: number } | undefined> {
    const configuration = await this.route.ssh!.configuration();
    const isThroughOther = ["proxyjump", "proxycommand"].some(
      (name) => (configuration.get(name) ?? "none") !== "none",
    );
    if (isThroughOther) return undefined;
    const { host, port } = this.route.ssh!.settings;
    return {
      host: configuration.get("hostname") ?? host,
      port: Number(configuration.get("port") ?? port ?? 22),
    };
  }

  dialled(): Promise<Dialled> {
    this.#dialled ??= this.address().then((address) =>
      this.outside.network.dial(address!.host, address!.port),
    );
    return this.#dialled;
  }

  /** Logs in and lets a shell there look around. Throws what ssh could not do. */
  survey(): Promise<SurveyAnswer> {
    this.#survey ??= this.#askSurvey();
    return this.#survey;
  }

  connected(): Promise<ConnectedSite> {
    this.#connected ??= this.route.connect();
    return this.#connected;
  }

  /** Builds a probe for each system that the line claims. */
  probed(): Promise<readonly ProbedSystem[]> {
    this.#probed ??= this.connected().then((site) => probeSystems(site, this));
    return this.#probed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connected?.then(
      (site) => site[Symbol.asyncDispose](),
      () => undefined,
    );
    await this.route[Symbol.asyncDispose]();
  }

  async #askSurvey(): Promise<SurveyAnswer> {
    const nonce = this.outside.nonce();
    const command = ["sh", "-c", SURVEY_SCRIPT, nonce, this.#storeFolder()];
    const first = await this.route.ssh!.run(command);
    // A session that ends at once may be gone before it is heard.
    const { stdout, stderr, error } =
      first.error && first.stdout === "" && first.stderr === "" ? await this.route.ssh!.run(command) : first;
    return { survey: parseSurvey(stdout, nonce), stderr, error };
  }

  /** Where the store that is built into lies there, as far as the line says. */
  #storeFolder(): string {
    const { command } = this.route;
    const at = command.indexOf("--store");
    const named = at >= 0 ? command[at + 1] : undefined;
    return named?.startsWith("/") ? `${named}/nix/store` : "/nix/store";
  }
}

export interface SurveyAnswer {
  readonly survey: Survey;
  readonly stderr: string;
  /** What ended the session, where it did not end well. */
  readonly error: Error | undefined;
}

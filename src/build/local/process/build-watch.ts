import { printStorePath } from "#nix/store-path.ts";
import { BuildFailure } from "../build-failure.ts";
import type { BuildJob, BuildSite } from "../build-site.ts";

/** Ends a build when its client goes away or a limit is passed: time, silence, or bytes of log. */
export class BuildWatch implements Disposable {
  readonly #controller = new AbortController();
  readonly #client: AbortSignal;
  readonly #silenceS: number;
  readonly #logBytesMax: number;
  readonly #name: string;
  readonly #timer: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;
  #bytes = 0;
  #ended: BuildFailure | undefined;

  constructor({ settings, store }: BuildSite, { drvPath, request }: BuildJob) {
    const asked = request.settings;
    const timeoutS = asked.timeoutS || settings.timeoutS;
    this.#silenceS = asked.maxSilentTimeS || settings.maxSilentTimeS;
    this.#logBytesMax = asked.maxLogSizeBytes || settings.maxLogSizeBytes;
    this.#name = `building derivation '${printStorePath(store.storeDir, drvPath)}'`;
    this.#client = request.signal;
    if (timeoutS > 0)
      this.#timer = setTimeout(
        () => this.#end("TimedOut", `${this.#name} timed out after ${timeoutS} seconds`),
        timeoutS * 1000,
      );
    this.#armSilence();
    if (this.#client.aborted) this.#cancel();
    else this.#client.addEventListener("abort", this.#cancel, { once: true });
  }

  /** Aborts when the build must end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The builder wrote something. */
  heard(bytes: number): void {
    this.#bytes += bytes;
    if (this.#silenceS > 0) this.#silence?.refresh();
    if (this.#logBytesMax > 0 && this.#bytes > this.#logBytesMax)
      this.#end(
        "LogLimitExceeded",
        `${this.#name} killed after writing more than ${this.#logBytesMax} bytes of log output`,
      );
  }

  throwIfEnded(): void {
    if (this.#ended) throw this.#ended;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    this.#client.removeEventListener("abort", this.#cancel);
  }

  #armSilence(): void {
    if (this.#silenceS === 0) return;
    const why = `${this.#name} timed out after ${this.#silenceS} seconds of silence`;
    this.#silence = setTimeout(() => this.#end("TimedOut", why), this.#silenceS * 1000);
  }

  readonly #cancel = (): void => {
    this.#end("Cancelled", `${this.#name} was cancelled`);
  };

  #end(status: "TimedOut" | "LogLimitExceeded" | "Cancelled", why: string): void {
    this.#ended ??= new BuildFailure(status, why);
    this.#controller.abort(this.#ended);
  }
}

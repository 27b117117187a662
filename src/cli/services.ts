/**
 * What commands are given by the composition root (`src/main/services.ts`), so that they never
 * import an adapter. Each method loads its part lazily. `serve` is wired by whoever owns `src/main/serve.ts`.
 */
export interface Services {
  /** The folder for what Elsewhere remembers between runs: `$XDG_STATE_HOME/elsewhere`. */
  stateDir(): string;
}

/** A field of an activity or a result: a number or a text. Source: Nix, `Logger::Field`. */
export type LogField = number | string;

/** What a builder or store says while it works; on the worker protocol each is one stderr frame. */
export type LogEvent =
  | {
      readonly kind: "message";
      readonly text: string;
      /** Its verbosity. Not on the worker protocol. */
      readonly level?: number;
      /** Of an error, its sentence without what `text` has around it. Not on the worker protocol. */
      readonly rawText?: string;
    }
  | {
      readonly kind: "start";
      readonly id: number;
      readonly level: number;
      readonly type: number;
      readonly text: string;
      readonly fields: readonly LogField[];
      readonly parent: number;
    }
  | { readonly kind: "stop"; readonly id: number }
  | {
      readonly kind: "result";
      readonly id: number;
      readonly type: number;
      readonly fields: readonly LogField[];
    };

export type LogSink = (event: LogEvent) => void;

/** Source: Nix, `Verbosity`. */
export const VERBOSITY = {
  error: 0,
  warn: 1,
  notice: 2,
  info: 3,
  talkative: 4,
  chatty: 5,
  debug: 6,
  vomit: 7,
} as const;

/** Source: Nix, `ActivityType`. */
export const ACTIVITY = {
  unknown: 0,
  copyPath: 100,
  fileTransfer: 101,
  realise: 102,
  copyPaths: 103,
  builds: 104,
  build: 105,
  optimiseStore: 106,
  verifyPaths: 107,
  substitute: 108,
  queryPathInfo: 109,
  postBuildHook: 110,
  buildWaiting: 111,
  fetchTree: 112,
} as const;

/** Source: Nix, `ResultType`. */
export const RESULT = {
  fileLinked: 100,
  buildLogLine: 101,
  untrustedPath: 102,
  corruptedPath: 103,
  setPhase: 104,
  progress: 105,
  setExpected: 106,
  postBuildLogLine: 107,
  fetchStatus: 108,
} as const;

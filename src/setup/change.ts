/** One thing that setting up does, which can be shown before and taken back after. */
export type Change = FileChange | RemoteLineChange | CommandChange;

/** A file on this machine gets other contents. */
export interface FileChange {
  readonly kind: "file";
  readonly path: string;
  /** Undefined where there was no file. */
  readonly before: string | undefined;
  /** Undefined: the file goes away. */
  readonly after: string | undefined;
  /** Permission bits of a new file; one that is there keeps its own. */
  readonly mode: number;
  /** The contents are nobody's to see. */
  readonly secret?: boolean;
}

/** A line is added to a file below the home of the user that we log in as elsewhere. */
export interface RemoteLineChange {
  readonly kind: "remote-line";
  /** As ssh takes it: `me@box`. */
  readonly host: string;
  /** Relative to the home folder there. */
  readonly path: string;
  readonly line: string;
}

/** A program is run, and another one takes back what it did. */
export interface CommandChange {
  readonly kind: "command";
  readonly run: readonly [string, ...string[]];
  /** Absent where there is nothing to take back. */
  readonly undo?: readonly [string, ...string[]];
  /** What it is for, as a clause: "make the user 'builder'". */
  readonly why: string;
}

/** What is about to be done, and what a person must do, or know, besides. */
export interface SetupPlan {
  /** What it is, for the list of what can be undone: "use ssh-ng://me@box as a builder". */
  readonly title: string;
  readonly changes: readonly Change[];
  /** What is left to the person, each a sentence with what to type. */
  readonly notes: readonly string[];
}

/** A change that is safe to make once a person has seen it. */
export type Fix =
  | {
      readonly kind: "edit";
      /** What it is for, as a clause: "put the fields where they were meant". */
      readonly why: string;
      readonly file: string;
      /** The line that is replaced, counted from 1; absent: the text is added at the end. */
      readonly line?: number;
      /** What that line is, whole, when it was looked at. */
      readonly before?: string;
      readonly after: string;
    }
  | { readonly kind: "chmod"; readonly why: string; readonly file: string; readonly mode: number };

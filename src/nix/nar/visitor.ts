/** What is known of a file before its contents. */
export interface NarFile {
  readonly executable: boolean;
  /** Bytes. */
  readonly size: number;
  /** Where the contents begin in the NAR, in bytes; absent where nobody knows yet. */
  readonly offset?: number;
}

/**
 * Told what a NAR holds, in its order. Names are texts of `base/text.ts`; the root's is empty.
 * A directory's entries come between `enterDirectory` and `leaveDirectory`, sorted by bytes.
 */
export interface NarVisitor {
  enterDirectory(name: string): void;
  leaveDirectory(): void;
  beginFile(name: string, file: NarFile): void;
  /** Part of the contents of the file that began last; valid during the call only. */
  contents(chunk: Uint8Array): void;
  endFile(): void;
  symlink(name: string, target: string): void;
}

/** Looks at nothing: for whoever only wants to know whether a NAR is one, or where it ends. */
export const BLIND_VISITOR: NarVisitor = {
  enterDirectory: () => undefined,
  leaveDirectory: () => undefined,
  beginFile: () => undefined,
  contents: () => undefined,
  endFile: () => undefined,
  symlink: () => undefined,
};

/** What a person can do about something. */
export interface Cure {
  /** In a sentence, without its full stop. */
  readonly say: string;
  /** Lines to type, or to write where the sentence says. */
  readonly type?: readonly string[];
}

/** A cure of a sentence and the lines that go with it. */
export function cure(say: string, ...type: readonly string[]): Cure {
  return type.length === 0 ? { say } : { say, type };
}

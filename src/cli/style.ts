/** Colours by meaning. */
export interface Style {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
}

/** Escape codes where `colours` is true, the plain text where not. */
export function styleFor(colours: boolean): Style {
  const paint = (on: number, off: number) => (text: string) =>
    colours && text ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return {
    good: paint(32, 39),
    bad: paint(31, 39),
    warn: paint(33, 39),
    bold: paint(1, 22),
    dim: paint(2, 22),
  };
}

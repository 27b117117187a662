/** The colours that stand for a platform: a hue for each operating system, another for processors beside x86_64. */
export function colourOf(platform: string): Colour {
  for (const [pattern, colour] of COLOURS) if (pattern.test(platform)) return colour;
  return { fill: "#efefef", line: "#767676" };
}

export interface Colour {
  readonly fill: string;
  readonly line: string;
}

const COLOURS: readonly (readonly [RegExp, Colour])[] = [
  [/^x86_64\S*-linux/, { fill: "#d6e8f7", line: "#3f7fb5" }],
  [/-linux/, { fill: "#d5f0ee", line: "#2c8c84" }],
  [/^x86_64-darwin/, { fill: "#f7e6d3", line: "#b5793f" }],
  [/-darwin/, { fill: "#f7f0cf", line: "#94801f" }],
  [/-windows/, { fill: "#e8dff5", line: "#7b58b0" }],
  [/bsd/, { fill: "#f7dde4", line: "#b04a68" }],
];

import { colourOf } from "./colour.ts";
import type { Picture } from "./picture.ts";

/** A picture in Graphviz' language. */
export function pictureToDot({ nodes, edges, leftOut }: Picture): string {
  const lines = [
    "digraph audit {",
    "  rankdir=LR;",
    '  node [shape=box, style="rounded,filled", fontname="monospace", fontsize=11];',
    ...nodes.map(
      ({ name, platform, option }, id) =>
        `  n${id} [label=${quote([name, platform, ...(option ? [option] : [])].join("\n"))}, fillcolor="${colourOf(platform).fill}", color="${colourOf(platform).line}"];`,
    ),
    ...edges.map(
      ({ from, to, isFault }) =>
        `  n${from} -> n${to}${isFault ? ' [color="#c62828", penwidth=2.5]' : ' [color="#777777"]'};`,
    ),
    ...(leftOut > 0
      ? [`  rest [label=${quote(`… and ${leftOut} more places`)}, style=dashed, fillcolor=white];`]
      : []),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&").replace(/\n/g, "\\n")}"`;
}

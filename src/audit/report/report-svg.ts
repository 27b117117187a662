import { escapeXml } from "#base/escape-xml.ts";
import { colourOf } from "./colour.ts";
import type { Picture, PictureEdge, PictureNode } from "./picture.ts";

/** A picture as SVG: layers from left to right, faults in red. */
export function pictureToSvg(picture: Picture): string {
  const columns = arrange(picture);
  const boxes = place(picture.nodes, columns);
  const width = Math.max(...boxes.map(({ x, width: own }) => x + own), MIN_WIDTH) + MARGIN;
  const platforms = [...new Set(picture.nodes.map(({ platform }) => platform))];
  const bottom = Math.max(...boxes.map(({ y }) => y + BOX_HEIGHT), MARGIN);
  const note = picture.leftOut > 0 ? `… and ${picture.leftOut} more places` : "";
  const height = bottom + MARGIN + LEGEND_HEIGHT;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="monospace" font-size="${FONT_SIZE}">`,
    "<title>What is for the wrong platform, and how it came in</title>",
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    `<defs>${arrow("ok", OK_COLOUR)}${arrow("fault", FAULT_COLOUR)}</defs>`,
    // Faults last, so that they lie on top.
    ...[...picture.edges]
      .sort((a, b) => Number(a.isFault) - Number(b.isFault))
      .map((edge) => edgeSvg(edge, boxes)),
    ...picture.nodes.map((node, id) => nodeSvg(node, boxes[id]!)),
    ...legend(platforms, bottom + MARGIN),
    ...(note
      ? [
          `<text x="${width - MARGIN}" y="${height - 10}" text-anchor="end" fill="#555555">${escapeXml(note)}</text>`,
        ]
      : []),
    "</svg>",
  ].join("\n")}\n`;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** Nodes of each column in an order that keeps edges short: each by the mean place of what leads to it. */
function arrange({ nodes, edges }: Picture): number[][] {
  const last = Math.max(...nodes.map(({ column }) => column), 0);
  const columns: number[][] = Array.from({ length: last + 1 }, () => []);
  for (const [id, { column }] of nodes.entries()) columns[column]!.push(id);
  const places = new Map<number, number>();
  for (const column of columns) {
    const weight = (id: number) => {
      const before = edges.filter(({ to }) => to === id).map(({ from }) => places.get(from) ?? 0);
      return before.length === 0
        ? Number.MAX_SAFE_INTEGER
        : before.reduce((a, b) => a + b, 0) / before.length;
    };
    column.sort((a, b) => weight(a) - weight(b) || a - b);
    for (const [row, id] of column.entries()) places.set(id, row);
  }
  return columns;
}

function place(nodes: readonly PictureNode[], columns: readonly (readonly number[])[]): Box[] {
  const boxes: Box[] = [];
  const tallest = Math.max(...columns.map((ids) => ids.length), 1);
  let x = MARGIN;
  for (const ids of columns) {
    const width = Math.max(...ids.map((id) => widthOf(nodes[id]!)), 0);
    const top = MARGIN + ((tallest - ids.length) * ROW_HEIGHT) / 2;
    for (const [row, id] of ids.entries()) boxes[id] = { x, y: top + row * ROW_HEIGHT, width };
    x += width + COLUMN_GAP;
  }
  return boxes;
}

function widthOf(node: PictureNode): number {
  return Math.max(...linesOf(node).map(({ length }) => length)) * CHARACTER_WIDTH + 2 * PADDING;
}

function linesOf({ name, platform, option }: PictureNode): string[] {
  return [name, platform, option ?? ""].map((line) =>
    line.length > LINE_CHARS_MAX ? `${line.slice(0, LINE_CHARS_MAX - 1)}…` : line,
  );
}

function nodeSvg(node: PictureNode, { x, y, width }: Box): string {
  const { fill, line } = colourOf(node.platform);
  const [name, platform, option] = linesOf(node).map(escapeXml);
  const text = (row: number, content: string, style: string) =>
    content === "" ? "" : `<text x="${x + PADDING}" y="${y + 17 + row * 15}" ${style}>${content}</text>`;
  return [
    `<g><title>${escapeXml(node.path)}</title>`,
    `<rect x="${x}" y="${y}" width="${width}" height="${BOX_HEIGHT}" rx="5" fill="${fill}" stroke="${line}"/>`,
    text(0, name!, 'fill="#111111" font-weight="bold"'),
    text(1, platform!, `fill="${line}"`),
    text(2, option!, 'fill="#666666"'),
    "</g>",
  ].join("");
}

function edgeSvg({ from, to, isFault }: PictureEdge, boxes: readonly Box[]): string {
  const start = boxes[from]!;
  const end = boxes[to]!;
  const [x1, y1] = [start.x + start.width, start.y + BOX_HEIGHT / 2];
  const [x2, y2] = [end.x - ARROW_ROOM, end.y + BOX_HEIGHT / 2];
  const bend = Math.max((x2 - x1) / 2, COLUMN_GAP / 3);
  const style = isFault
    ? `stroke="${FAULT_COLOUR}" stroke-width="2" marker-end="url(#fault)"`
    : `stroke="${OK_COLOUR}" marker-end="url(#ok)"`;
  return `<path d="M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}" fill="none" ${style}/>`;
}

function arrow(id: string, colour: string): string {
  return `<marker id="${id}" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="${colour}"/></marker>`;
}

function legend(platforms: readonly string[], y: number): string[] {
  let x = MARGIN;
  return platforms.slice(0, LEGEND_MAX).map((platform) => {
    const { fill, line } = colourOf(platform);
    const at = x;
    x += platform.length * CHARACTER_WIDTH + 40;
    return `<rect x="${at}" y="${y}" width="14" height="14" rx="3" fill="${fill}" stroke="${line}"/><text x="${at + 20}" y="${y + 12}" fill="#333333">${escapeXml(platform)}</text>`;
  });
}

const FAULT_COLOUR = "#c62828";
const OK_COLOUR = "#888888";
/** Lengths in pixels. */
const FONT_SIZE = 12;
const CHARACTER_WIDTH = 7.25;
const PADDING = 9;
const MARGIN = 20;
const BOX_HEIGHT = 55;
const ROW_HEIGHT = 68;
const COLUMN_GAP = 60;
const ARROW_ROOM = 6;
const LEGEND_HEIGHT = 34;
const MIN_WIDTH = 320;
const LINE_CHARS_MAX = 48;
const LEGEND_MAX = 8;

/** The neighbours of node `i` are `items` from `starts[i]` up to `starts[i + 1]`. */
export interface AdjacencyLists {
  readonly starts: Int32Array;
  readonly items: Int32Array;
}

/** The edges of a graph turned round. `eachInput` visits a node's inputs, always alike. */
export function reverseEdges(
  size: number,
  eachInput: (id: number, visit: (input: number) => void) => void,
): AdjacencyLists {
  const starts = new Int32Array(size + 1);
  for (let id = 0; id < size; id++)
    eachInput(id, (input) => {
      starts[input + 1]!++;
    });
  for (let id = 0; id < size; id++) starts[id + 1]! += starts[id]!;
  const items = new Int32Array(starts[size]!);
  const next = starts.slice();
  for (let id = 0; id < size; id++)
    eachInput(id, (input) => {
      items[next[input]!++] = id;
    });
  return { starts, items };
}

/** Nodes with inputs before dependants; those on a cycle, or behind one, are left out. */
export function orderTopologically(graph: {
  readonly size: number;
  inputCount(id: number): number;
  dependantsOf(id: number): Int32Array;
}): Int32Array {
  const waitsFor = new Int32Array(graph.size);
  const order = new Int32Array(graph.size);
  let length = 0;
  for (let id = 0; id < graph.size; id++) {
    waitsFor[id] = graph.inputCount(id);
    if (waitsFor[id] === 0) order[length++] = id;
  }
  for (let i = 0; i < length; i++)
    for (const dependant of graph.dependantsOf(order[i]!))
      if (--waitsFor[dependant]! === 0) order[length++] = dependant;
  return order.subarray(0, length);
}

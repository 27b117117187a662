/** A task that waits for a slot. */
export interface ReadyTask {
  readonly id: string;
  /** Larger goes first. */
  readonly height: number;
}

/** Tasks of one kind, the highest first; among equals the one that came first. */
export interface ReadyGroup {
  peek(): ReadyTask | undefined;
  pop(): ReadyTask | undefined;
}

/** Ready tasks by kind: when one of a kind cannot be placed, none of that kind can. */
export class ReadyQueue {
  readonly #groups = new Map<string, HeightHeap>();

  push(kind: string, task: ReadyTask): void {
    let group = this.#groups.get(kind);
    if (!group) {
      group = new HeightHeap();
      this.#groups.set(kind, group);
    }
    group.push(task);
  }

  groups(): Iterable<ReadyGroup> {
    return this.#groups.values();
  }
}

class HeightHeap implements ReadyGroup {
  readonly #items: { task: ReadyTask; order: number }[] = [];
  #pushed = 0;

  peek(): ReadyTask | undefined {
    return this.#items[0]?.task;
  }

  push(task: ReadyTask): void {
    const items = this.#items;
    items.push({ task, order: this.#pushed++ });
    for (let at = items.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  pop(): ReadyTask | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (!top || !last || items.length === 0) return top?.task;
    items[0] = last;
    for (let at = 0; ; ) {
      let first = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < items.length && this.#isBefore(child, first)) first = child;
      if (first === at) return top.task;
      this.#swap(at, first);
      at = first;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [x, y] = [this.#items[a]!, this.#items[b]!];
    return x.task.height !== y.task.height ? x.task.height > y.task.height : x.order < y.order;
  }

  #swap(a: number, b: number): void {
    const items = this.#items;
    [items[a], items[b]] = [items[b]!, items[a]!];
  }
}
